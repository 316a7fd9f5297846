/** Texts of the panel that loads data: fetched with it. */
import type { Lang } from '../api/contract';
import { prefs } from '../state/preferences.svelte';
import { en } from './deliveries.en';
import { it } from './deliveries.it';
import { filled, type Values } from './filled';

export type DeliveryKey = keyof typeof it;

const TABLES: Record<Lang, Record<DeliveryKey, string>> = { it, en };

/** As `t`, from the table of deliveries. */
export const d = (key: DeliveryKey, values: Values = {}): string => filled(TABLES[prefs.lang][key], values);
