/** The server's part: what the form needs, what is known nearby, sending. */
import type { LonLat, SearchResult } from '../api/contract';
import type { Draft } from './draft';
import { work } from './work';

export interface Category { code: string; label: string; hint: string; icon: string }
export interface Known { id: string; title: string; state_name: string; text: string | null; address: string | null; supporters: number; distance_m: number }
export interface Form { ticket: string; work: { zero_bits: number }; bbox: [number, number, number, number]; categories: Category[] }

/** No answer came at all: the network is away. */
export class Away extends Error {}

/** The server's root, one folder above this script: its own words for it, since what the portal shares is loaded with the map. */
export const root = new URL('..', import.meta.url).href;

export function serverUrl(path: string, query: Record<string, string | number | undefined> = {}): string {
  const url = new URL(path, root);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  return url.href;
}

const language = () => document.documentElement.lang;

async function ask(url: string, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, headers: { accept: 'application/json', 'accept-language': language(), ...init?.headers } });
  } catch {
    throw new Away();
  }
}

async function json<T>(response: Response): Promise<T> {
  const body: unknown = await response.json().catch(() => ({}));
  if (response.ok) return body as T;
  const problem = body as { detail?: string; errors?: { detail: string }[] };
  throw new Error(problem.errors?.map((e) => e.detail).join('; ') || problem.detail || response.statusText);
}

export const form = async (): Promise<Form> => json(await ask(serverUrl('reports/new', { f: 'json', lang: language() })));

export const near = async ([lon, lat]: LonLat, category?: string): Promise<{ address: string | null; near: Known[] }> =>
  json(await ask(serverUrl('reports/near', { lon: lon.toFixed(6), lat: lat.toFixed(6), category, lang: language() })));

/** A house number that is written like this, by the search that the map has. */
export async function find(address: string): Promise<LonLat | undefined> {
  const { results: found } = await json<{ results: SearchResult[] }>(await ask(serverUrl('search', { q: address, lang: language(), limit: 10 })));
  return (found.find((one) => one.layer === 'house_numbers') ?? found[0])?.point ?? undefined;
}

export async function support(id: string, key: string): Promise<void> {
  await json(await ask(serverUrl(`reports/${encodeURIComponent(id)}/support`), { method: 'POST', body: '{}', headers: { 'content-type': 'application/json', 'idempotency-key': key } }));
}

/** Sends a draft with a ticket of now; gives the path of its private page. */
export async function send(draft: Draft): Promise<string> {
  const { ticket, work: { zero_bits } } = await form();
  const fields: Record<string, string> = { category: draft.category!, lon: draft.point![0].toFixed(7), lat: draft.point![1].toFixed(7), ticket, work: await work(ticket, zero_bits) };
  if (draft.text) fields.text = draft.text;
  const headers: Record<string, string> = { 'idempotency-key': draft.key };
  let body: BodyInit;
  if (draft.photo) {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.set(name, value);
    data.set('photo', draft.photo, 'foto.jpg');
    body = data;
  } else {
    headers['content-type'] = 'application/json';
    body = JSON.stringify(fields);
  }
  const made = await json<{ private_link: string }>(await ask(serverUrl('reports/'), { method: 'POST', body, headers }));
  return serverUrl(`reports/follow/${made.private_link.split('/').pop()!}`, { sent: 1 });
}
