/** Texts of the panel that loads data: fetched with it. */
import type { Lang } from '../api/contract';
import { prefs } from '../state/preferences.svelte';
import { en } from './deliveries.en';
import { it } from './deliveries.it';

export type DeliveryKey = keyof typeof it;

const TABLES: Record<Lang, Record<DeliveryKey, string>> = { it, en };

/** As `t`, from the table of deliveries. */
export function d(key: DeliveryKey, values: Record<string, string | number> = {}): string {
  return TABLES[prefs.lang][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
