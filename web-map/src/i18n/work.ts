/** Texts of what is loaded when somebody is at work: editing, history, administration. */
import type { Lang } from '../api/contract';
import { prefs } from '../state/preferences.svelte';
import { en } from './work.en';
import { it } from './work.it';

export type WorkKey = keyof typeof it;

const TABLES: Record<Lang, Record<WorkKey, string>> = { it, en };

/** As `t`, from the table of those at work. */
export function w(key: WorkKey, values: Record<string, string | number> = {}): string {
  return TABLES[prefs.lang][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
