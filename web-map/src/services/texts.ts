/** Texts of themes' panels and parts of cards: loaded with them. */
import type { Lang } from '../api/contract';
import { prefs } from '../state/preferences.svelte';
import { en } from './texts.en';
import { it } from './texts.it';

export type ModuleKey = keyof typeof it;

const TABLES: Record<Lang, Record<ModuleKey, string>> = { it, en };

/** As `t`, from the table of themes. */
export function m(key: ModuleKey, values: Record<string, string | number> = {}): string {
  return TABLES[prefs.lang][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
