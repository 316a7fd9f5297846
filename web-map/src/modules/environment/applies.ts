/** What applies at a place, as `/environment/at` answers it. "Not surveyed" is never "no hazard", whatever an answer leaves out. */

export type Verdict = 'found' | 'none_found' | 'partly_surveyed' | 'not_surveyed';
export interface Applies { kind: string; title: string; verdict: Verdict; says: string; law: string }

const VERDICTS: readonly string[] = ['found', 'none_found', 'partly_surveyed', 'not_surveyed'];
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown) => (typeof value === 'string' ? value : '');

/** What was found comes first, then what nobody knows, then what was looked for and not found. */
const ORDER: Verdict[] = ['found', 'partly_surveyed', 'not_surveyed', 'none_found'];

export function appliesOf(answer: unknown): Applies[] {
  const kinds = isObject(answer) && Array.isArray(answer['kinds']) ? answer['kinds'].filter(isObject) : [];
  return kinds
    .map((one) => {
      const kind = text(one['kind']);
      const verdict = VERDICTS.includes(text(one['answer'])) ? (one['answer'] as Verdict) : 'not_surveyed';
      return { kind, title: text(one['title']) || kind, verdict, says: text(one['says']), law: text(one['law']) };
    })
    .sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict));
}

export interface Alert { zone: string; name: string; worst: string | undefined; of: { what: 'hydraulic' | 'hydrogeological' | 'storms'; colour: string }[] }

/** The zones of today; one without a bulletin has no colour, which is not green. */
export function alertsOf(answer: unknown): Alert[] {
  const today = isObject(answer) && isObject(answer['today']) ? answer['today']['zones'] : undefined;
  return (Array.isArray(today) ? today.filter(isObject) : []).map((zone) => ({
    zone: text(zone['zone']),
    name: text(zone['name']),
    worst: text(zone['worst']) || undefined,
    of: (['hydraulic', 'hydrogeological', 'storms'] as const).flatMap((what) => (text(zone[what]) ? [{ what, colour: text(zone[what]) }] : [])),
  }));
}
