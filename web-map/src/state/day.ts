/** Days as `2026-08-14`, in Italy, whatever the browser's own time zone. */

const FORM = /^\d{4}-\d{2}-\d{2}$/;
const MS_A_DAY = 86_400_000;

/** A day that there is. */
export function isDay(text: string): boolean {
  const at = FORM.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

export function today(now = new Date()): string {
  // Swedish writes dates as the standard does
  return new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Rome' }).format(now);
}

const at = (day: string) => Date.parse(`${day}T00:00:00Z`);
const written = (ms: number) => new Date(ms).toISOString().slice(0, 10);

export const daysIn = (year: number) => Math.round((Date.UTC(year + 1, 0, 1) - Date.UTC(year, 0, 1)) / MS_A_DAY);

/** Its number in its year, from 1. */
export const dayOfYear = (day: string) => Math.round((at(day) - Date.UTC(Number(day.slice(0, 4)), 0, 1)) / MS_A_DAY) + 1;

export const dayAt = (year: number, ofYear: number) => written(Date.UTC(year, 0, 1) + (ofYear - 1) * MS_A_DAY);

export const plusDays = (day: string, days: number) => written(at(day) + days * MS_A_DAY);
