/** From two typed values in a coordinate system to a place on the map. */
import type { Bbox, Crs, LonLat } from '../api/contract';
import { coordinates } from '../api/endpoints';
import { centre, contains } from './bbox';
import { invert } from './invert';
import { project } from './transverse-mercator';

export interface Located { point: LonLat; inside: boolean }

/** How far beyond the territory a position may lie and still be meant, in degrees. */
const MARGIN = 0.2;

/** True where the first axis is longitude or easting. */
export const eastFirst = (crs: Crs) => /^(e|x|lon|long|λ)/i.test(crs.axes[0] ?? 'E');

/** Undefined when there is no such place. Systems that we do not compute ourselves are asked of the server, a few times. */
export async function locate(values: [number, number], crs: Crs, territory: Bbox): Promise<Located | undefined> {
  const order = (pair: number[]): [number, number] => (eastFirst(crs) ? [pair[0]!, pair[1]!] : [pair[1]!, pair[0]!]);
  const [x, y] = order(values);
  const point = crs.unit === 'degree' ? plausible([x, y]) : await invert([x, y], centre(territory), async (at) => order(await forward(at, crs.code)));
  if (!point) return undefined;
  const [w, s, e, n] = territory;
  return { point, inside: contains([w - MARGIN, s - MARGIN, e + MARGIN, n + MARGIN], point) };
}

const plausible = (point: LonLat): LonLat | undefined => (Math.abs(point[0]) <= 180 && Math.abs(point[1]) <= 90 ? point : undefined);

async function forward(at: LonLat, code: string): Promise<number[]> {
  return project(at, code) ?? (await coordinates(at, [code]))[0]?.values ?? [];
}
