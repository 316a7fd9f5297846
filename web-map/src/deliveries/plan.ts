/** What people change in a plan, and where the server's words about it belong. */
import type { FieldLine, FoundColumn, FoundCrs, FoundFile, Place, PlanFile, Severity } from '../api/deliveries';
import type { Lang } from '../api/contract';
import { saidBy, type Problem } from '../api/http';

/** What is wrong, by the member of the plan it is about: `key`, `field.3.name`, `rules.duplicate`; `''` is the plan as a whole. */
export type Faults = Record<string, string>;

const blank = (value: unknown) => value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

/** Without members that say nothing: an absent member is what the program decides by itself, an empty one is none. */
export function tidy(plan: PlanFile): PlanFile {
  const kept = Object.fromEntries(Object.entries(plan).filter(([name, value]) => !blank(value) || name === 'layer')) as PlanFile;
  // an empty list of fields is a plan without fields, which says something
  if (plan.field) kept.field = plan.field.map((line) => Object.fromEntries(Object.entries(line).filter(([name, value]) => !blank(value) || name === 'name')) as unknown as FieldLine);
  if (kept.validity && !kept.validity.from) delete kept.validity;
  if (kept.validity && !kept.validity.to) kept.validity = { from: kept.validity.from };
  return kept;
}

export const withField = (plan: PlanFile, index: number, change: Partial<FieldLine>): PlanFile => ({
  ...plan, field: (plan.field ?? []).map((line, i) => (i === index ? { ...line, ...change } : line)),
});

export const withRule = (plan: PlanFile, rule: string, severity: Severity): PlanFile => ({ ...plan, rules: { ...plan.rules, [rule]: severity } });

/** The columns that a field, a key or a comune can come from. */
export const columnsOf = (plan: PlanFile): string[] => (plan.field ?? []).map(({ source }) => source);

export const columnOf = (plan: PlanFile, source: string): FoundColumn | undefined => plan.found?.column?.find((column) => column.source === source);

/** What a column can be for placing rows, by what they are placed by. */
export type PlaceRole = 'sheet' | 'number' | 'section' | 'reference' | 'street' | 'street-kind' | 'house-number' | 'house-suffix' | 'comune';
const OF_PARCEL = ['sheet', 'number', 'section', 'reference', 'comune'] as const;
export const ROLES: Record<Place['by'], readonly PlaceRole[]> = {
  'parcel-point': OF_PARCEL, 'parcel-area': OF_PARCEL, 'address': ['street', 'street-kind', 'house-number', 'house-suffix', 'comune'],
};

/** Without columns that are not spoken of when rows are placed so; a national reference stands in place of foglio and particella. */
export function withPlace(plan: PlanFile, part: Partial<Place>): PlanFile {
  const place: Place = { by: 'parcel-point', ...plan.place, ...part };
  const instead: readonly string[] = part['reference'] ? ['sheet', 'number', 'section'] : part['sheet'] || part['number'] ? ['reference'] : [];
  const kept = ROLES[place.by].filter((role) => place[role] && !instead.includes(role)).map((role) => [role, place[role]]);
  return { ...plan, place: { by: place.by, similar: place.similar ?? true, ...Object.fromEntries(kept) } };
}

/** Whether a column tells all rows apart. */
export const mayBeKey = (plan: PlanFile, source: string): boolean => columnOf(plan, source)?.unique ?? false;

/** The code that a file states, `EPSG:3003`; undefined where it states none that is known. */
export function statedBy(file: FoundFile): string | undefined {
  return /^[A-Z]+:[A-Z0-9]+/.exec(file.crs)?.[0];
}

/** Nobody has said yet in which system the coordinates are, and several may be it. */
export const isUndecided = (plan: PlanFile): boolean => !plan.crs && !plan.place && (plan.found?.file ?? []).some((file) => !statedBy(file));

/** What the rows are read as: a system, and whether north stands before east in it. */
export interface Reading { crs: string | undefined; swapped: boolean }

export const readingOf = (plan: PlanFile): Reading => ({ crs: plan.crs, swapped: plan['swap-axes'] ?? false });

/** `crs` undefined: as the file says. */
export function readAs(plan: PlanFile, { crs, swapped }: Reading): PlanFile {
  const { crs: _, ...rest } = plan;
  return { ...rest, ...(crs ? { crs } : {}), 'swap-axes': swapped } as PlanFile;
}

export const isChosen = (plan: PlanFile, candidate: FoundCrs): boolean => {
  const stated = plan.crs ?? plan.found?.file.map(statedBy).find(Boolean);
  return stated === candidate.crs && (plan['swap-axes'] ?? false) === candidate.swapped;
};

/** What decides where the rows lie, and which: when it changes, the map shows them anew. */
export const placing = (plan: PlanFile | undefined): string =>
  plan ? JSON.stringify([plan.crs, plan['swap-axes'], plan.geometry, plan['source-layer']]) : '';

/** `field[3].name` and `fields.3.name` as `field.3.name`. */
const path = (name: string): string => name.replace(/\[(\d+)\]/g, '.$1').replace(/^fields\./, 'field.').replace(/_/g, '-').replace(/^(?:field\.\d+)$/, '$&.name');

/** What stands before the sentence that matters: the name of the file, and that it can't be taken. */
const BEFORE = /^(?:the plan: (?:the plan can['’]t be taken: )?|il piano non si può prendere: )/;

/** Where each of the server's sentences belongs; what names no place is about the plan as a whole. */
export function faultsOf(problem: Problem, plan: PlanFile, lang: Lang): Faults {
  const faults: Faults = {};
  const add = (place: string, words: string) => (faults[place] = words.replace(BEFORE, ''));
  for (const { field, detail, words } of problem.errors ?? []) add(field ? path(field) : '', words?.[lang] ?? detail);
  if (Object.keys(faults).length === 0) add(guess(problem.detail ?? problem.title ?? '', plan), saidBy(problem, lang) ?? '');
  return faults;
}

/** Sentences name what they are about between backticks. */
function guess(detail: string, plan: PlanFile): string {
  const named = [...detail.matchAll(/`([^`]+)`/g)].map(([, word]) => word!);
  const fields = plan.field ?? [];
  for (const word of named) {
    // of two of one name the later is the one to be changed
    const index = fields.map((line) => (line.skip ? '' : line.name)).lastIndexOf(word);
    if (index >= 0) return `field.${index}.name`;
    if (plan.rules && word in plan.rules) return `rules.${word}`;
    if (['layer', 'key', 'crs', 'comune', 'comune-field', 'geometry', 'validity', 'source-date'].includes(word)) return word;
  }
  return '';
}

/** A code list made of the values that the file has, to be given their meaning. */
export function codesOf(column: FoundColumn | undefined): { value: string; it: string; en: string }[] {
  return (column?.values ?? []).map((value) => ({ value, it: value, en: value }));
}
