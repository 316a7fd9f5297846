import { describe, expect, it } from 'vitest';
import { invert } from '../src/geo/invert';
import { parseNumber, parsePosition } from '../src/geo/parse-coordinates';
import { forward, project } from '../src/geo/transverse-mercator';

describe('UTM', () => {
  // From `cs2cs EPSG:4258 EPSG:25833` (and 25832), PROJ 9.1.
  it.each([
    [15.65, 38.11, 15, 556983.2086, 4218219.3548],
    [16.9, 37.0, 15, 669063.1493, 4096559.7169],
    [12.1, 41.9, 15, 259441.968, 4642740.9559],
    [8.615, 44.91, 9, 469608.6435, 4973024.708],
    [11.9, 46.5, 9, 722517.6088, 5153689.8809],
  ])('agrees with PROJ at %f, %f', (lon, lat, lon0, easting, northing) => {
    const [e, n] = forward([lon, lat], lon0);
    expect(Math.abs(e - easting)).toBeLessThan(1e-3);
    expect(Math.abs(n - northing)).toBeLessThan(1e-3);
  });

  it('gives values in the order of the axes', () => {
    const [e, n] = project([15.65, 38.11], 'EPSG:7792')!;
    expect(project([15.65, 38.11], 'EPSG:6708')).toEqual([n, e]);
    expect(project([15.65, 38.11], 'EPSG:6706')).toEqual([38.11, 15.65]);
  });

  it('leaves datum shifts to the server', () => {
    expect(project([15.65, 38.11], 'EPSG:3004')).toBeUndefined();
  });
});

describe('invert', () => {
  it('finds the place back from the forward way alone', async () => {
    const target = forward([15.7123, 38.0456], 15);
    const found = await invert(target, [15.3, 38.4], async (at) => forward(at, 15));
    expect(found![0]).toBeCloseTo(15.7123, 8);
    expect(found![1]).toBeCloseTo(38.0456, 8);
  });

  it('is content with a forward way that rounds to centimetres', async () => {
    const rounded = (values: [number, number]) => values.map((value) => Math.round(value * 100) / 100) as [number, number];
    const found = await invert(rounded(forward([15.7123, 38.0456], 15)), [15.3, 38.4], async (at) => rounded(forward(at, 15)));
    expect(found![0]).toBeCloseTo(15.7123, 6);
    expect(found![1]).toBeCloseTo(38.0456, 6);
  });

  it('gives up where there is nothing', async () => {
    expect(await invert([9e9, 9e9], [15, 38], async (at) => forward(at, 15))).toBeUndefined();
    expect(await invert([1, 1], [15, 38], async () => [Number.NaN, 0])).toBeUndefined();
  });
});

describe('typed positions', () => {
  it.each([
    ['556983,21 4218219,36', 556983.21, 4218219.36, 'metres'],
    ['556983.21, 4218219.36', 556983.21, 4218219.36, 'metres'],
    ['E 556983 N 4218219', 556983, 4218219, 'metres'],
    ['556983/4218219', 556983, 4218219, 'metres'],
    ['38.1105, 15.6512', 38.1105, 15.6512, 'degrees'],
    ['38,1105 15,6512', 38.1105, 15.6512, 'degrees'],
    ['lat 38.1105 lon 15.6512', 38.1105, 15.6512, 'degrees'],
    ['38.1105,15.6512', 38.1105, 15.6512, 'degrees'],
  ])('reads %j', (text, first, second, kind) => {
    expect(parsePosition(text)).toEqual({ first, second, kind });
  });

  it.each(['12/345', 'fg 12 p 345', 'Via Roma 12', '12 345', '', '556983', '400.12 500.12'])('leaves %j to the search', (text) => {
    expect(parsePosition(text)).toBeUndefined();
  });

  it.each([
    ['556983,21', 556983.21], ['556983.21', 556983.21], ['4.218.219,36', 4218219.36], ['4,218,219.36', 4218219.36],
    ['4 218 219', 4218219], ['4.218.219', 4218219], ['-15,5°', -15.5],
  ])('reads the number %j', (text, value) => {
    expect(parseNumber(text)).toBe(value);
  });

  it.each(['', 'abc', '1,2x'])('refuses %j', (text) => {
    expect(parseNumber(text)).toBeUndefined();
  });
});
