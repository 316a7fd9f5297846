/**
 * From a position in any coordinate system back to longitude and latitude, with nothing but the forward way (ours or
 * the server's): correct a first guess by the difference it gives, turned into degrees, until a tenth of a millimetre is left.
 */
import type { LonLat } from '../api/contract';
import { SEMI_MAJOR_M } from './geodesic';

export type Forward = (point: LonLat) => Promise<[easting: number, northing: number]>;

const METRES_A_DEGREE = (Math.PI * SEMI_MAJOR_M) / 180;

/** Undefined when it does not converge: the position lies far outside of where the system is meant to be used. */
export async function invert(target: [number, number], guess: LonLat, forward: Forward): Promise<LonLat | undefined> {
  let [lon, lat] = guess;
  for (let i = 0; i < 12; i += 1) {
    const [e, n] = await forward([lon, lat]);
    const [dE, dN] = [target[0] - e, target[1] - n];
    if (![dE, dN].every(Number.isFinite)) return undefined;
    if (Math.hypot(dE, dN) < 1e-4) return [lon, lat];
    lon += dE / (METRES_A_DEGREE * Math.cos((lat * Math.PI) / 180));
    lat += dN / METRES_A_DEGREE;
    if (Math.abs(lon) > 180 || Math.abs(lat) > 89) return undefined;
  }
  return undefined;
}
