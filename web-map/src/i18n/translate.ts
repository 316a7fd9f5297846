import type { Lang, Text } from '../api/contract';
import { en } from './en';
import { it } from './it';

export type Key = keyof typeof it;

const TABLES: Record<Lang, Record<Key, string>> = { it, en };

export function translate(lang: Lang, key: Key, values: Record<string, string | number> = {}): string {
  return TABLES[lang][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A text of the catalogue; a missing translation falls back to the other language rather than to nothing. */
export function localized(text: Text | null | undefined, lang: Lang): string {
  return text?.[lang] || text?.[lang === 'it' ? 'en' : 'it'] || '';
}
