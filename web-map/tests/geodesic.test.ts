import { Geodesic } from 'geographiclib-geodesic';
import { describe, expect, it } from 'vitest';
import type { LonLat } from '../src/api/contract';
import { area, distance, FLATTENING, length, SEMI_MAJOR_M } from '../src/geo/geodesic';

/** An independent measure: Karney's own library on the same ellipsoid. */
const oracle = new Geodesic.Geodesic(SEMI_MAJOR_M, FLATTENING);

function oracleArea(ring: LonLat[]): number {
  const polygon = oracle.Polygon(false);
  for (const [lon, lat] of ring) polygon.AddPoint(lat, lon);
  return Math.abs(polygon.Compute(false, true).area!);
}

/** A star of radius `size` degrees: convex and reflex corners. */
const star = ([lon, lat]: LonLat, size: number): LonLat[] =>
  Array.from({ length: 9 }, (_, i) => {
    const r = size * (i % 2 === 0 ? 1 : 0.6);
    const turn = (i / 9) * 2 * Math.PI;
    return [lon + (r * Math.cos(turn)) / Math.cos((lat * Math.PI) / 180), lat + r * Math.sin(turn)];
  });

const PLACES: LonLat[] = [[15.65, 38.11], [8.615, 44.91], [12.5, 41.9], [0, 0], [-60, -33]];

describe('distance', () => {
  it.each(PLACES)('agrees with Karney to 0.1 mm from %f, %f', (lon, lat) => {
    for (const [dLon, dLat] of [[0.0001, 0], [0, 0.0001], [0.003, 0.002], [0.1, -0.08], [2, 3]] as const) {
      const expected = oracle.Inverse(lat, lon, lat + dLat, lon + dLon).s12!;
      expect(Math.abs(distance([lon, lat], [lon + dLon, lat + dLat]) - expected)).toBeLessThan(1e-4);
    }
  });

  it('is zero for the same point', () => {
    expect(distance([15, 38], [15, 38])).toBe(0);
  });

  it('adds up along a line', () => {
    const line: LonLat[] = [[15.64, 38.1], [15.65, 38.1], [15.65, 38.11]];
    expect(length(line)).toBeCloseTo(distance(line[0]!, line[1]!) + distance(line[1]!, line[2]!), 9);
    expect(length([[15, 38]])).toBe(0);
  });
});

describe('area', () => {
  it.each(PLACES)('agrees with Karney from a room to a comune at %f, %f', (lon, lat) => {
    for (const size of [0.00005, 0.0005, 0.005, 0.05]) {
      const ring = star([lon, lat], size);
      const expected = oracleArea(ring);
      // A square centimetre of rounding, and a millionth.
      expect(Math.abs(area(ring) - expected)).toBeLessThan(1e-4 + expected * 1e-6);
    }
  });

  it('does not mind direction or a repeated last point', () => {
    const ring = star([15.65, 38.11], 0.01);
    expect(area([...ring].reverse())).toBeCloseTo(area(ring), 3);
    expect(area([...ring, ring[0]!])).toBeCloseTo(area(ring), 3);
  });

  it('is zero for less than a triangle', () => {
    expect(area([[15, 38], [15.1, 38]])).toBe(0);
  });
});
