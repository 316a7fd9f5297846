/** Lists of records as themes answer them, read leniently: what a list does not say is left out, and nothing of it stops the panel. */
import type { Geometry } from 'geojson';
import type { Bbox } from '../api/contract';
import type { ItemPage } from '../api/endpoints';
import { bboxOf } from '../geo/bbox';

export interface Row { id: string; values: Record<string, unknown>; box?: Bbox | undefined }
export interface Rows { rows: Row[]; more: boolean }

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The records below `member`, with where they lie; `more` where the answer leads to a next page. */
export function rowsOf(answer: unknown, member: string): Rows {
  if (!isObject(answer)) return { rows: [], more: false };
  const listed = Array.isArray(answer[member]) ? (answer[member] as unknown[]) : [];
  const rows = listed.filter(isObject).filter(({ id }) => typeof id === 'string' || typeof id === 'number');
  return { rows: rows.map((record) => ({ id: String(record['id']), values: record, box: placeOf(record) })), more: Boolean(answer['next']) };
}

/** The same of a page of a collection. */
export function rowsOfItems(page: ItemPage): Rows {
  const rows = page.features.map((feature) => ({ id: String(feature.id ?? feature.properties?.['id']), values: feature.properties ?? {}, box: bboxOf(feature.geometry) }));
  return { rows, more: page.links?.some(({ rel }) => rel === 'next') ?? false };
}

function placeOf(record: Record<string, unknown>): Bbox | undefined {
  const { bbox, geometry } = record;
  if (Array.isArray(bbox) && bbox.length === 4 && bbox.every((side) => typeof side === 'number' && Number.isFinite(side))) return bbox as Bbox;
  return isObject(geometry) ? bboxOf(geometry as unknown as Geometry) : undefined;
}

/** How many, where there may be more than were sent. */
export const counted = ({ rows, more }: Rows): string => `${rows.length}${more ? '+' : ''}`;
