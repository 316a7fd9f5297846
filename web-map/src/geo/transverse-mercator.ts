/**
 * UTM on GRS80, by Krüger's series to the fourth order in the third flattening (Karney, "Transverse Mercator with an
 * accuracy of a few nanometers", 2011, equations 7-14 and 35-36): below a micrometre within a zone. It serves the
 * pointer's read-out between two frames; whatever is kept or copied comes from the server.
 */
import type { LonLat } from '../api/contract';
import { FLATTENING, SEMI_MAJOR_M } from './geodesic';

const n = FLATTENING / (2 - FLATTENING);
const RADIUS = (SEMI_MAJOR_M / (1 + n)) * (1 + n ** 2 / 4 + n ** 4 / 64);
const ALPHA = [
  n / 2 - (2 / 3) * n ** 2 + (5 / 16) * n ** 3 + (41 / 180) * n ** 4,
  (13 / 48) * n ** 2 - (3 / 5) * n ** 3 + (557 / 1440) * n ** 4,
  (61 / 240) * n ** 3 - (103 / 140) * n ** 4,
  (49561 / 161280) * n ** 4,
];
const E = Math.sqrt(FLATTENING * (2 - FLATTENING));
const SCALE = 0.9996;
const FALSE_EASTING_M = 500_000;

/** The central meridian of the systems that are plain UTM on the ETRS89 family; `flip` where northing comes first. */
const UTM: Record<string, { lon0: number; flip?: boolean }> = {
  'EPSG:7791': { lon0: 9 }, 'EPSG:7792': { lon0: 15 }, 'EPSG:7793': { lon0: 21 },
  'EPSG:6707': { lon0: 9, flip: true }, 'EPSG:6708': { lon0: 15, flip: true }, 'EPSG:6709': { lon0: 21, flip: true },
  'EPSG:25832': { lon0: 9 }, 'EPSG:25833': { lon0: 15 }, 'EPSG:32632': { lon0: 9 }, 'EPSG:32633': { lon0: 15 },
};

/** Easting and northing in metres. */
export function forward([lon, lat]: LonLat, lon0: number): [easting: number, northing: number] {
  const [phi, lambda] = [(lat * Math.PI) / 180, ((lon - lon0) * Math.PI) / 180];
  const t = Math.sinh(Math.asinh(Math.tan(phi)) - E * Math.atanh(E * Math.sin(phi)));
  const xi0 = Math.atan2(t, Math.cos(lambda));
  const eta0 = Math.asinh(Math.sin(lambda) / Math.hypot(t, Math.cos(lambda)));
  let [xi, eta] = [xi0, eta0];
  ALPHA.forEach((a, i) => {
    const k = 2 * (i + 1);
    xi += a * Math.sin(k * xi0) * Math.cosh(k * eta0);
    eta += a * Math.cos(k * xi0) * Math.sinh(k * eta0);
  });
  return [FALSE_EASTING_M + SCALE * RADIUS * eta, SCALE * RADIUS * xi];
}

/** Values in the axis order of `crs`, or undefined where only the server knows the way (a datum shift). */
export function project(point: LonLat, crs: string): number[] | undefined {
  if (crs.endsWith('CRS84')) return [...point];
  if (crs === 'EPSG:4326' || crs === 'EPSG:4258' || crs === 'EPSG:6706') return [point[1], point[0]];
  const zone = UTM[crs];
  if (!zone) return undefined;
  const values = forward(point, zone.lon0);
  return zone.flip ? [values[1], values[0]] : values;
}
