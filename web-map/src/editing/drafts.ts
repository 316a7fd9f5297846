/** Changes that are not saved yet, kept in this tab so that a reload loses nothing. They are their author's alone. */
import type { Feature, Geometry } from 'geojson';
import type { LonLat } from '../api/contract';
import { DRAFT } from '../state/work';
import type { Texts } from './values';

export interface Draft {
  /** Whose: the account's id. */
  subject: string;
  layer: string;
  /** The feature's, or none for one that is new. */
  id?: string;
  /** The code that a new one is for. */
  of?: string;
  base?: Feature;
  etag?: string;
  texts: Texts;
  geometry?: Geometry;
  /** Points of a line or an area that is not finished. */
  points?: LonLat[];
  reason: string;
}

const same = (a: Draft, layer: string, id: string | undefined, of: string | undefined) => a.layer === layer && a.id === id && a.of === of;

function all(): Draft[] {
  try {
    const read: unknown = JSON.parse(sessionStorage.getItem(DRAFT) ?? '[]');
    return Array.isArray(read) ? (read as Draft[]) : [];
  } catch {
    return [];
  }
}

function keep(drafts: Draft[]): void {
  try {
    if (drafts.length > 0) sessionStorage.setItem(DRAFT, JSON.stringify(drafts));
    else sessionStorage.removeItem(DRAFT);
  } catch {
    // A browser that keeps nothing still edits.
  }
}

/** The last of somebody's drafts, or the one for this feature. */
export function readDraft(subject: string | null | undefined, which?: { layer: string; id?: string | undefined; of?: string | undefined }): Draft | undefined {
  return all().reverse().find((draft) => draft.subject === subject && (!which || same(draft, which.layer, which.id, which.of)));
}

export function writeDraft(draft: Draft): void {
  keep([...all().filter((other) => !same(other, draft.layer, draft.id, draft.of)), draft]);
}

export function dropDraft(layer: string, id: string | undefined, of?: string): void {
  keep(all().filter((draft) => !same(draft, layer, id, of)));
}
