/** Deliveries of files: uploads become a plan, the plan a layer, and the layer is published. What staff see and do. */
import type { FeatureCollection } from 'geojson';
import type { LayerSpecification } from 'maplibre-gl';
import type { Audience, FieldType, LonLat, Text } from './contract';
import { get, getJson, RequestFailed, send, serverUrl, type Problem } from './http';

export type DeliveryState = 'looking' | 'planned' | 'comparing' | 'compared' | 'loading' | 'loaded' | 'failed' | 'cancelled';
export type Mode = 'create' | 'replace' | 'append' | 'update';
export type Severity = 'off' | 'keep' | 'mend' | 'keep-out' | 'stop';
export type Kind = 'point' | 'line' | 'area';

/** Where the program is: rows done, and of how many if that is known. */
export interface Stage { name: string; done: number; of: number | null }

export interface CodeLine { value: string; it: string; en: string }

/** A column of the file and the field it becomes. */
export interface FieldLine {
  source: string;
  name: string;
  type: FieldType;
  /** What stands before decimals, in numbers that are texts. */
  decimal?: 'comma' | 'point';
  label?: Text;
  unit?: string;
  skip?: boolean;
  searchable?: boolean;
  private?: boolean;
  codes?: CodeLine[];
}

export interface FoundFile {
  name: string;
  format: string;
  layer: string;
  layers?: string[];
  encoding: string;
  crs: string;
  rows: number;
  points: number;
  lines: number;
  areas: number;
  without: number;
}

/** A system that the rows may be in: how many would lie inside the boundary (percent), and how far off the middle row (metres). */
export interface FoundCrs { crs: string; title: string; also?: string[]; swapped: boolean; 'inside-percent': number; 'distance-m': number }
export interface FoundColumn { source: string; filled: number; values: string[]; more: boolean; unique?: boolean; unclear?: boolean }
export interface Found { made: string; file: FoundFile[]; candidate?: FoundCrs[]; column?: FoundColumn[] }

export interface Place { by: 'parcel-point' | 'parcel-area' | 'address'; similar?: boolean; [column: string]: string | boolean | undefined }

/** The plan of a load, member by member as its TOML has it. */
export interface PlanFile {
  version: 1;
  layer: string;
  title?: Text;
  'source-layer'?: string;
  crs?: string;
  'swap-axes'?: boolean;
  geometry?: Kind;
  key?: string;
  comune?: string;
  'comune-field'?: string;
  outside?: boolean;
  licence?: string;
  attribution?: string;
  'source-date'?: string;
  validity?: { from: string; to?: string };
  /** Where rows without coordinates are: columns that name a parcel or an address. */
  place?: Place;
  rules?: Record<string, Severity>;
  field?: FieldLine[];
  found?: Found;
  [more: string]: unknown;
}

/** A rule: what it says of rows, what to do about them, and what the program may do with them; the first is done without a word. */
export interface RuleEntry { rule: string; words: Text; cure: Text; allowed: Severity[] }

export interface Example { row: string; what?: string; at?: LonLat }
export interface Finding { rule: string; done: Severity; rows: number; examples: Example[]; words?: Text; cure?: Text }
/** `found` says of the examples what is wrong and where they are, if a rule does. */
export interface KeptOut { reason: string; rows: number; examples: string[]; found?: Example[]; words?: Text; cure?: Text }

export interface Counts { new: number; changed: number; vanished: number; same: number }

/** What a delivery changes, or changed. Distances are metres. */
export interface Difference {
  key: string;
  written: boolean;
  rows: Counts;
  kept: number;
  vanished_stay: boolean;
  fields: { field: string; rows: number }[];
  moved: { rows: number; median_m: number; farthest_m: number };
  edited: { rows: number; examples: string[] };
  /** A few rows of each kind by their ids; of those that changed what each field was and will be. */
  examples?: { new: string[]; changed: { id: string; fields: Record<string, [unknown, unknown]>; moved_m: number | null }[]; vanished: string[] };
  /** More vanish than an update may take away unless somebody says so. */
  too_many_vanish?: boolean;
}

export interface Report {
  layer: string;
  title: Text;
  mode: Mode;
  files: string[];
  rows_read: number;
  rows_loaded: number;
  kept_out: KeptOut[];
  mended: { rows: number; examples: string[] };
  crs: { file: string; crs: string | number; title: string; accuracy_m: number; operation: Text }[];
  extent: { inside: number | null; outside: number; farthest_m: number };
  difference?: Difference;
  findings: Finding[];
  notes: Text[];
  duration_s: number;
  rows_per_s: number;
}

export interface Delivery {
  id: string;
  created: string;
  by: string | null;
  files: { name: string; bytes: number }[];
  state: DeliveryState;
  stage: Stage | null;
  plan?: PlanFile | null;
  rules?: RuleEntry[] | null;
  /** What to look at first. */
  remarks?: Text[] | null;
  layer: string | null;
  /** As the plan calls it. */
  title?: Text | null;
  exists: { title: Text; has_key: boolean; rows: number; draft?: boolean } | null;
  /** The name belongs to a layer that is not theirs to write. */
  taken?: boolean;
  mode: Mode | null;
  difference: Difference | null;
  report: Report | null;
  report_page: string | null;
  error: Problem | null;
  undoable: boolean;
  undone?: boolean;
}

/** A sample of the rows where the plan now puts them; `numberMatched` is how many there are. */
export type Preview = FeatureCollection & { numberMatched?: number };

const url = (id: string, part = '') => serverUrl(`admin/deliveries/${encodeURIComponent(id)}${part}`);
const bodyOf = async <T>(request: Promise<Response>): Promise<T> => (await (await request).json()) as T;

export const uploadsUrl = () => serverUrl('admin/uploads');
export const fetchDeliveries = async () => (await getJson<{ deliveries: Delivery[] }>(serverUrl('admin/deliveries'))).deliveries;
export const fetchDelivery = (id: string, signal?: AbortSignal) => getJson<Delivery>(url(id), signal);
export const createDelivery = (uploads: string[]) => bodyOf<Delivery>(send('POST', serverUrl('admin/deliveries'), { uploads }));
export const removeDelivery = (id: string) => send('DELETE', url(id));
export const fetchPreview = (id: string, signal?: AbortSignal) => getJson<Preview>(url(id, '/preview'), signal, 60_000);
export const fetchChanges = (id: string, signal?: AbortSignal) => getJson<FeatureCollection>(url(id, '/changes'), signal, 60_000);
export const planUrl = (id: string) => url(id, '/plan');
export const putPlan = (id: string, plan: PlanFile) => bodyOf<Delivery>(send('PUT', planUrl(id), plan));
export const look = (id: string, how: { source_layer?: string; crs?: string; swap_axes?: boolean }) => send('POST', url(id, '/look'), how);
export const compare = (id: string, keepVanished: boolean) => send('POST', url(id, '/compare'), { keep_vanished: keepVanished });
export const load = (id: string, how: { mode: Mode; draft: boolean; keep_vanished: boolean; vanish_at_most?: number }) => send('POST', url(id, '/load'), how);
export const cancel = (id: string) => send('POST', url(id, '/cancel'));
export const undo = (layer: string, overEdits: boolean) => send('POST', serverUrl(`admin/layers/${encodeURIComponent(layer)}/undo`), { over_edits: overEdits });

/** A plan as it was kept: TOML. */
export async function putToml(id: string, toml: string): Promise<Delivery> {
  const headers = { 'Content-Type': 'application/toml', 'X-OpenSIT': 'portal', Accept: 'application/json' };
  const response = await fetch(planUrl(id), { method: 'PUT', headers, body: toml });
  if (response.ok) return (await response.json()) as Delivery;
  const problem = (await response.json().catch(() => ({}))) as Problem;
  throw new RequestFailed(response.status, problem.detail ?? problem.title ?? response.statusText, problem);
}

/** How a layer is shown, to whom, and where it comes from. */
export interface Publication {
  id: string;
  title: Text;
  description: Text | null;
  draft: boolean;
  author: string | null;
  audience: Audience;
  licence: string | null;
  attribution: string | null;
  source_date: string | null;
  zoom: [number, number];
  style: unknown;
  fields: { name: string; label: Text; kind: string }[];
  rows: number;
}

/** A way to draw a layer, made from its data: as it is declared, and as the map draws it in the theme asked for. */
export interface Proposal {
  name: Text;
  field: string | null;
  kind: 'plain' | 'categories' | 'classes';
  style: unknown;
  drawn?: LayerSpecification[];
  legend: { label: Text; color: string; rows?: number | null }[];
}

const layerUrl = (id: string, part: string) => serverUrl(`admin/layers/${encodeURIComponent(id)}/${part}`);

export const fetchPublication = (id: string) => getJson<Publication>(layerUrl(id, 'publication'));
export const publish = (id: string, change: Partial<Publication>) => bodyOf<Publication>(send('PUT', layerUrl(id, 'publication'), change));
export async function fetchProposals(id: string, theme: string, field?: string): Promise<Proposal[]> {
  const address = new URL(layerUrl(id, 'styles'));
  address.searchParams.set('theme', theme);
  if (field) address.searchParams.set('field', field);
  return ((await (await get(address.href, undefined, 60_000)).json()) as { proposals: Proposal[] }).proposals;
}
