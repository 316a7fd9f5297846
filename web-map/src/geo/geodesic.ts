/**
 * Lengths and areas on the GRS80 ellipsoid (ETRS89, RDN2008; WGS84 differs by 0.1 mm in its minor axis), so that a
 * measure on the map is the one on the ground and not the one on the Mercator screen. Degrees in, metres out.
 */
import type { LonLat } from '../api/contract';

export const SEMI_MAJOR_M = 6378137;
export const FLATTENING = 1 / 298.257222101;
const SEMI_MINOR_M = SEMI_MAJOR_M * (1 - FLATTENING);
const E2 = FLATTENING * (2 - FLATTENING);
const E = Math.sqrt(E2);
const rad = (degrees: number) => (degrees * Math.PI) / 180;

/** Vincenty's inverse solution (Survey Review 23, 1975). Within 0.1 mm, except between points that are almost antipodal. */
export function distance(a: LonLat, b: LonLat): number {
  const L = rad(b[0] - a[0]);
  const U1 = Math.atan((1 - FLATTENING) * Math.tan(rad(a[1])));
  const U2 = Math.atan((1 - FLATTENING) * Math.tan(rad(b[1])));
  const [sU1, cU1, sU2, cU2] = [Math.sin(U1), Math.cos(U1), Math.sin(U2), Math.cos(U2)];
  let lambda = L;
  for (let i = 0; i < 100; i += 1) {
    const [sL, cL] = [Math.sin(lambda), Math.cos(lambda)];
    const sinSigma = Math.hypot(cU2 * sL, cU1 * sU2 - sU1 * cU2 * cL);
    if (sinSigma === 0) return 0;
    const cosSigma = sU1 * sU2 + cU1 * cU2 * cL;
    const sigma = Math.atan2(sinSigma, cosSigma);
    const sinAlpha = (cU1 * cU2 * sL) / sinSigma;
    const cos2Alpha = 1 - sinAlpha * sinAlpha;
    const cos2M = cos2Alpha === 0 ? 0 : cosSigma - (2 * sU1 * sU2) / cos2Alpha;
    const C = (FLATTENING / 16) * cos2Alpha * (4 + FLATTENING * (4 - 3 * cos2Alpha));
    const before = lambda;
    lambda = L + (1 - C) * FLATTENING * sinAlpha * (sigma + C * sinSigma * (cos2M + C * cosSigma * (-1 + 2 * cos2M * cos2M)));
    if (Math.abs(lambda - before) < 1e-13) {
      const u2 = (cos2Alpha * (SEMI_MAJOR_M ** 2 - SEMI_MINOR_M ** 2)) / SEMI_MINOR_M ** 2;
      const A = 1 + (u2 / 16384) * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)));
      const B = (u2 / 1024) * (256 + u2 * (-128 + u2 * (74 - 47 * u2)));
      const inner = cosSigma * (-1 + 2 * cos2M ** 2) - (B / 6) * cos2M * (-3 + 4 * sinSigma ** 2) * (-3 + 4 * cos2M ** 2);
      return SEMI_MINOR_M * A * (sigma - B * sinSigma * (cos2M + (B / 4) * inner));
    }
  }
  return Number.NaN;
}

export function length(line: LonLat[]): number {
  return line.slice(1).reduce((sum, point, i) => sum + distance(line[i]!, point), 0);
}

/** The function q of Snyder's "Map Projections: A Working Manual" (3-12): the authalic latitude is asin(q / q at the pole). */
function q(sinLat: number): number {
  const es = E * sinLat;
  return (1 - E2) * (sinLat / (1 - es * es) - Math.log((1 - es) / (1 + es)) / (2 * E));
}
const Q_POLE = q(1);
const AUTHALIC_RADIUS_2 = (SEMI_MAJOR_M ** 2 * Q_POLE) / 2;

/**
 * Area of a ring (closed or not), in square metres, whichever way it turns. The vertices are moved to the sphere of
 * equal area, where the polygon's excess is summed edge by edge: for edges up to 10 km the difference from geodesic
 * edges is below a millionth of the area.
 */
export function area(ring: LonLat[]): number {
  if (ring.length < 3) return 0;
  const half = ring.map(([, lat]) => Math.tan(Math.asin(Math.max(-1, Math.min(1, q(Math.sin(rad(lat))) / Q_POLE))) / 2));
  let excess = 0;
  for (let i = 0; i < ring.length; i += 1) {
    const j = (i + 1) % ring.length;
    const dLon = rad(ring[j]![0] - ring[i]![0]);
    excess += 2 * Math.atan2(Math.tan(dLon / 2) * (half[i]! + half[j]!), 1 + half[i]! * half[j]!);
  }
  return Math.abs(excess) * AUTHALIC_RADIUS_2;
}
