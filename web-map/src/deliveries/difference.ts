/** What a delivery changes, as it is judged before it is applied. */
import type { Counts, Difference } from '../api/deliveries';

/** From this part of the rows on, so many that vanish are rather a delivery of something else, or of a part. */
const MUCH = 1 / 3;
/** Below so many nobody needs to be warned. */
const FEW = 5;

export const before = ({ changed, vanished, same }: Counts, kept = 0): number => changed + vanished + same + kept;

/** The part of the rows that vanishes, 0 to 1, if the server or a look says it is much; otherwise undefined. */
export function vanishing({ rows, kept, vanished_stay: stay, too_many_vanish: tooMany }: Difference): number | undefined {
  const there = before(rows, kept);
  if (stay || there === 0) return undefined;
  const share = rows.vanished / there;
  return tooMany || (share >= MUCH && rows.vanished >= FEW) ? share : undefined;
}

/** Nothing to write. */
export const isSame = ({ rows, vanished_stay: stay }: Difference): boolean => rows.new + rows.changed + (stay ? 0 : rows.vanished) === 0;

const LONGEST = 60;

/** A value of a row, short enough for a line. */
export function short(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
