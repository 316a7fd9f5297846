/** What administrators (and, for their own keys and jobs, offices) see and do. */
import type { Audience, Text } from './contract';
import { getJson, rebase, send, serverUrl } from './http';

export type Comuni = '*' | string[];

export interface Account {
  id: string;
  name: string;
  email: string | null;
  role: string;
  comuni: Comuni;
  offices: string[];
  active: boolean;
  demo: string | null;
}

/** Shown once, to be handed over. */
export interface OneTimeLink { href: string; expires_at: string }

export interface AccountWish { name?: string; email?: string; role?: string; comuni?: Comuni; offices?: string[]; active?: boolean }

const accountUrl = (id: string) => serverUrl(`admin/accounts/${encodeURIComponent(id)}`);
const bodyOf = async <T>(request: Promise<Response>): Promise<T> => (await (await request).json()) as T;

export const fetchAccounts = (after?: string) => getJson<{ accounts: Account[]; next: string | null }>(serverUrl('admin/accounts', { after }));
export const invite = (wish: AccountWish) => bodyOf<{ id: string; link: OneTimeLink }>(send('POST', serverUrl('admin/accounts'), wish));
export const changeAccount = (id: string, wish: AccountWish) => bodyOf<Account>(send('PATCH', accountUrl(id), wish));
export const recover = (id: string) => bodyOf<{ link: OneTimeLink }>(send('POST', `${accountUrl(id)}/recovery`));

export interface ApiKey {
  id: string;
  name: string;
  scope: 'read' | 'edit';
  layers: string[] | null;
  comuni: string[] | null;
  created: string;
  creator: string | null;
  expires: string | null;
  revoked: string | null;
  last_used: string | null;
}

export interface KeyWish { name: string; scope: 'read' | 'edit'; layers?: string[]; expires_days?: number }

export const fetchKeys = async () => (await getJson<{ keys: ApiKey[] }>(serverUrl('admin/keys'))).keys;
export const createKey = (wish: KeyWish) => bodyOf<{ id: string; key: string }>(send('POST', serverUrl('admin/keys'), wish));
export const revokeKey = (id: string) => send('DELETE', serverUrl(`admin/keys/${encodeURIComponent(id)}`));

/** Who sees a layer and who edits it. */
export interface LayerAccess { id: string; title: Text; audience: Audience; editors: string[]; private_fields: string[]; rows: unknown }

export const fetchLayerAccess = async () => (await getJson<{ layers: LayerAccess[] }>(serverUrl('admin/layers'))).layers;
export const changeLayerAccess = (id: string, access: Pick<LayerAccess, 'audience' | 'editors'>) =>
  bodyOf<LayerAccess>(send('PUT', serverUrl(`admin/layers/${encodeURIComponent(id)}`), access));

export interface AuditEntry {
  entry: number;
  seal: number | null;
  at: string;
  subject: string | null;
  name: string | null;
  role: string;
  via: string;
  event: string;
  layer: string | null;
  id: string | null;
  purpose: string | null;
  details: unknown;
}

export interface AuditPage { entries: AuditEntry[]; next: number | null; head: string }
export interface AuditQuestion { event?: string | undefined; layer?: string | undefined; id?: string | undefined; subject?: string | undefined; before?: number | undefined }

export const fetchAudit = (question: AuditQuestion) => getJson<AuditPage>(serverUrl('admin/audit', { ...question, limit: 50 }));

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

export interface Job {
  id: string;
  kind: string;
  owner: string | null;
  state: JobState;
  percent: number;
  message: string | null;
  error: string | null;
  cancelling: boolean;
  created: string;
  finished: string | null;
  links: { rel: string; href: string }[];
}

export const fetchJobs = (url = serverUrl('jobs', { f: 'json', limit: 50 })) => getJson<{ jobs: Job[]; next: string | null }>(rebase(url));
export const cancelJob = (id: string) => send('DELETE', serverUrl(`jobs/${encodeURIComponent(id)}`));
