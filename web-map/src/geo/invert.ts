/**
 * From a position in any coordinate system back to longitude and latitude, with nothing but the forward way (ours or
 * the server's): correct a first guess by the difference it gives, turned into degrees, until a tenth of a millimetre is left.
 */
import type { LonLat } from '../api/contract';
import { SEMI_MAJOR_M } from './geodesic';

export type Forward = (point: LonLat) => Promise<[easting: number, northing: number]>;

const METRES_A_DEGREE = (Math.PI * SEMI_MAJOR_M) / 180;

const GOOD_ENOUGH_M = 1e-4;
/** What a server that rounds to centimetres leaves over. */
const ROUNDING_M = 0.02;

/** Undefined when it does not converge: the position lies far outside of where the system is meant to be used. */
export async function invert(target: [number, number], guess: LonLat, forward: Forward): Promise<LonLat | undefined> {
  let [lon, lat] = guess;
  let before = Infinity;
  for (let i = 0; i < 12; i += 1) {
    const [e, n] = await forward([lon, lat]);
    const [dE, dN] = [target[0] - e, target[1] - n];
    if (![dE, dN].every(Number.isFinite)) return undefined;
    const left = Math.hypot(dE, dN);
    if (left < GOOD_ENOUGH_M || (left < ROUNDING_M && left > before / 2)) return [lon, lat];
    before = left;
    lon += dE / (METRES_A_DEGREE * Math.cos((lat * Math.PI) / 180));
    lat += dN / METRES_A_DEGREE;
    if (Math.abs(lon) > 180 || Math.abs(lat) > 89) return undefined;
  }
  return undefined;
}
