import type { Feature } from 'geojson';
import type { Lang } from '../../api/contract';

export interface Order { field: string; descending: boolean }

/** Numbers by value, texts as the language orders them (`Via 2` before `Via 12`), what is missing at the end either way. */
export function compareBy(order: Order, lang: Lang): (a: Feature, b: Feature) => number {
  const collator = new Intl.Collator(lang, { numeric: true, sensitivity: 'base' });
  const sign = order.descending ? -1 : 1;
  const missing = (value: unknown) => value === null || value === undefined || value === '';
  return (a, b) => {
    const [x, y] = [a.properties?.[order.field] as unknown, b.properties?.[order.field] as unknown];
    if (missing(x) || missing(y)) return Number(missing(x)) - Number(missing(y));
    if (typeof x === 'number' && typeof y === 'number') return sign * (x - y);
    return sign * collator.compare(String(x), String(y));
  };
}
