/** Terms in days, counted in Italy. */
import { isDay, today } from '../state/day';

/** Days from today until this one; negative when it is past, undefined for what is no day. */
export function daysUntil(day: unknown, from = today()): number | undefined {
  if (typeof day !== 'string' || !isDay(day.slice(0, 10))) return undefined;
  return Math.round((Date.parse(`${day.slice(0, 10)}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);
}
