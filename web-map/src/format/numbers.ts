/** Numbers, lengths, areas and dates as each language writes them; the unit is always part of the text. */
import type { Lang } from '../api/contract';

const LOCALE: Record<Lang, string> = { it: 'it-IT', en: 'en-GB' };

/** Thousands are separated from 1,000 on, in Italian too (whose locale data would wait for 10,000). */
export function number(value: number, lang: Lang, decimals = 0): string {
  return new Intl.NumberFormat(LOCALE[lang], {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
    useGrouping: 'always' as unknown as boolean,
  }).format(value);
}

/** A number with as many decimals as it has, up to six. */
export function plain(value: number, lang: Lang): string {
  return new Intl.NumberFormat(LOCALE[lang], { maximumFractionDigits: 6, useGrouping: 'always' as unknown as boolean }).format(value);
}

export function length(metres: number, lang: Lang): string {
  if (metres < 1000) return `${number(metres, lang, metres < 100 ? 2 : 1)} m`;
  return `${number(metres / 1000, lang, metres < 100_000 ? 3 : 1)} km`;
}

/** Square metres; from a hectare on, hectares too, which is what land is sold and planned in. */
export function area(squareMetres: number, lang: Lang): string {
  const m2 = `${number(squareMetres, lang, squareMetres < 1000 ? 1 : 0)} m²`;
  return squareMetres < 10_000 ? m2 : `${m2} (${number(squareMetres / 10_000, lang, 2)} ha)`;
}

/** `1:2.000` or `1:2,000`. */
export const scale = (denominator: number, lang: Lang) => `1:${number(denominator, lang)}`;

/** `23 nov 2026`; a text that is no date stays as it is. */
export function date(text: string, lang: Lang, withTime = false): string {
  const value = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(value.getTime())) return text;
  const day: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'Europe/Rome' };
  const time: Intl.DateTimeFormatOptions = withTime ? { hour: '2-digit', minute: '2-digit' } : {};
  return new Intl.DateTimeFormat(LOCALE[lang], { ...day, ...time }).format(value);
}
