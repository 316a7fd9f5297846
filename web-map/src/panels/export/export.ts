/** A layer taken away as a file: what is asked for, and the job that writes it. */
import type { Bbox } from '../../api/contract';
import type { Job } from '../../api/admin';
import { getJson, send, serverUrl } from '../../api/http';

export const FORMATS = ['gpkg', 'fgb', 'geojson', 'csv', 'shp', 'dxf', 'kml'] as const;
export type Format = (typeof FORMATS)[number];

/** Formats that state no system, or only degrees: a choice would be none. */
export const ONLY_DEGREES: readonly Format[] = ['geojson', 'kml'];

export interface Wish { format: Format; bbox?: Bbox | undefined; filter?: string | undefined; crs?: string | undefined }

/** What is sent: members that say nothing are left out. */
export function bodyOf({ format, bbox, filter, crs }: Wish): Record<string, unknown> {
  return {
    format,
    ...(bbox ? { bbox } : {}),
    ...(filter ? { filter } : {}),
    ...(crs && !ONLY_DEGREES.includes(format) ? { crs } : {}),
  };
}

/** The rows of one comune, as the portal is opened for it. */
export const ofComune = (istat: string | undefined): string | undefined => (istat ? `comune = '${istat.replaceAll("'", "''")}'` : undefined);

export async function begin(layer: string, wish: Wish): Promise<string> {
  const answer = await send('POST', serverUrl(`collections/${encodeURIComponent(layer)}/export`), bodyOf(wish));
  return ((await answer.json()) as { job: string }).job;
}

export const fetchJob = (id: string) => getJson<Job>(serverUrl(`jobs/${encodeURIComponent(id)}`, { f: 'json' }));
export const stop = (id: string) => send('DELETE', serverUrl(`jobs/${encodeURIComponent(id)}`));
