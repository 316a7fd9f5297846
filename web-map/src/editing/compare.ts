/** Two people changed the same feature: what differs, and what each would have it be. */
import type { Feature } from 'geojson';
import type { Field } from '../api/contract';
import { sameGeometry } from './geometry';
import { toText, type Texts } from './values';

/** The row that stands for the geometry; no field may be called so. */
export const GEOMETRY = '(geometry)';

export type Side = 'mine' | 'theirs';

export interface Difference {
  name: string;
  /** Texts as in the form; empty for the geometry. */
  mine: string;
  theirs: string;
  /** Both changed it, each in their own way. */
  both: boolean;
  /** What is proposed: theirs where only they changed it. */
  side: Side;
}

/** Feature `base` is what one began with, `theirs` what is stored now; `mine` and `geometry` are what one has made of it. */
export function differences(fields: Field[], base: Feature, theirs: Feature, mine: Texts, geometry: Feature['geometry'] | undefined): Difference[] {
  const rows = fields.map((field): Difference & { differs: boolean } => {
    const before = toText(base.properties?.[field.name], field);
    const [ours, other] = [mine[field.name] ?? '', toText(theirs.properties?.[field.name], field)];
    return { name: field.name, mine: ours, theirs: other, ...judged(ours !== before, other !== before), differs: ours !== other };
  });
  const shape = judged(!sameGeometry(geometry, base.geometry), !sameGeometry(theirs.geometry, base.geometry));
  rows.push({ name: GEOMETRY, mine: '', theirs: '', ...shape, differs: !sameGeometry(geometry, theirs.geometry) });
  return rows.filter(({ differs }) => differs).map(({ differs: _, ...row }) => row);
}

const judged = (mine: boolean, theirs: boolean): { both: boolean; side: Side } => ({ both: mine && theirs, side: mine ? 'mine' : 'theirs' });
