import { describe, expect, it } from 'vitest';
import { area, date, length, number, plain, scale } from '../src/format/numbers';
import { metresPerPixel, roundDown, roundScale, scaleBar, scaleDenominator, zoomForScale } from '../src/geo/scale';
import { distance } from '../src/geo/geodesic';

describe('numbers', () => {
  it('are written as in each language, from a thousand on with separators', () => {
    expect(number(4218219.36, 'it', 2)).toBe('4.218.219,36');
    expect(number(4218219.36, 'en', 2)).toBe('4,218,219.36');
    expect(number(1234, 'it')).toBe('1.234');
    expect(plain(12.5, 'it')).toBe('12,5');
  });

  it('have the unit that people use', () => {
    expect(length(12.345, 'it')).toBe('12,35 m');
    expect(length(614.84, 'en')).toBe('614.8 m');
    expect(length(1967.4, 'it')).toBe('1,967 km');
    expect(length(123_456, 'en')).toBe('123.5 km');
    expect(area(350.26, 'it')).toBe('350,3 m²');
    expect(area(233_226, 'it')).toBe('233.226 m² (23,32 ha)');
    expect(area(233_226, 'en')).toBe('233,226 m² (23.32 ha)');
  });

  it('give dates with the month by name', () => {
    expect(date('2026-11-23', 'it')).toBe('23 nov 2026');
    expect(date('2026-11-23', 'en')).toBe('23 Nov 2026');
    expect(date('2026-11-23T22:30:00Z', 'it', true)).toContain('23:30');
    expect(date('prima del 1967', 'it')).toBe('prima del 1967');
  });

  it('give scales', () => {
    expect(scale(2000, 'it')).toBe('1:2.000');
    expect(scale(2000, 'en')).toBe('1:2,000');
  });
});

describe('scale', () => {
  it('is the one on the ground, at the latitude shown', () => {
    const zoom = 17;
    const perDegree = (512 * 2 ** zoom) / 360;
    const pixels = 100;
    const metres = distance([15, 38.1], [15 + pixels / perDegree, 38.1]);
    expect(metresPerPixel(zoom, 38.1)).toBeCloseTo(metres / pixels, 6);
  });

  it('goes back to the zoom', () => {
    expect(zoomForScale(scaleDenominator(16.4, 44), 44)).toBeCloseTo(16.4, 10);
  });

  it('is rounded to what people say', () => {
    expect(roundScale(2187)).toBe(2200);
    expect(roundScale(7.6)).toBe(8);
    expect([roundDown(99), roundDown(512), roundDown(2), roundDown(0.7)]).toEqual([50, 500, 2, 0.5]);
    const bar = scaleBar(17, 38.1, 110);
    expect(bar.px).toBeLessThanOrEqual(110);
    expect(bar.metres / bar.px).toBeCloseTo(metresPerPixel(17, 38.1), 9);
  });
});
