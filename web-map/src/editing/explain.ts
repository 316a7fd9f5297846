/** What the server found wrong, in the reader's language where it is one of the common things; else as it says it. */
import { w, type WorkKey } from '../i18n/work';

const KNOWN: [RegExp, WorkKey][] = [
  [/^must have a value/, 'fault.not_null'],
  [/^must be one of its list/, 'fault.list'],
  [/self-?intersection/i, 'fault.crossing'],
  [/far from this installation/, 'fault.far'],
  [/which is not one of yours/, 'fault.outside'],
];

const RULE = /^must meet the layer's rule (.+)$/;

export function explain(detail: string): string {
  const rule = RULE.exec(detail)?.[1];
  if (rule) return w('fault.rule', { rule });
  const known = KNOWN.find(([pattern]) => pattern.test(detail));
  return known ? w(known[1]) : detail;
}
