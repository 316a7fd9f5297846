/** Requests to our own server: where it is, how long we wait, and what went wrong in words. */

import type { Lang, Text } from './contract';

/** The server's root: the portal lives one folder below it, whatever prefix a proxy adds. */
let root = typeof document === 'undefined' ? 'http://localhost/' : new URL('..', document.baseURI).href;

/** The embedded map is loaded by pages anywhere on the server, so it says where the root is. */
export function setRoot(url: string): void {
  root = url;
}

export function serverUrl(path: string, query: Record<string, string | number | undefined> = {}): string {
  const url = new URL(path.replace(/^\//, ''), root);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') url.searchParams.set(name, String(value));
  }
  return url.href;
}

/** A request that failed: `status` is 0 when no answer came at all. */
export class RequestFailed extends Error {
  constructor(readonly status: number, message: string, readonly problem: Problem = {}) {
    super(message);
    this.name = 'RequestFailed';
  }
}

/** True when a newer request took this one's place: nothing went wrong. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** What is wrong with one value or with the geometry, and where. */
export interface Fault { field?: string | null; geometry?: unknown; detail: string; words?: Text; at?: [lon: number, lat: number] | null }

/** `application/problem+json`, with the members of ours that the portal reads. */
export interface Problem { type?: string; title?: string; detail?: string; words?: Text; errors?: Fault[]; layers?: string[]; current?: unknown }

/** What a problem says, in the reader's language where the server has it; `undefined` where it says nothing. */
export const saidBy = ({ words, detail, title }: Problem, lang: Lang): string | undefined => words?.[lang] ?? detail ?? title;

async function failed(response: Response): Promise<RequestFailed> {
  try {
    const problem = (await response.json()) as Problem;
    return new RequestFailed(response.status, problem.detail ?? problem.title ?? response.statusText, problem);
  } catch {
    return new RequestFailed(response.status, response.statusText || `HTTP ${response.status}`);
  }
}

/** How long answers are asked to be no older than our own last change. */
const AFTER_MS = 10_000;
let written: { position: string; until: number } | undefined;

/** We changed something: what is read from now on must show it. `position` is the answer's `Change-Position`. */
export function wrote(position: string | null): void {
  if (position) written = { position, until: performance.now() + AFTER_MS };
}

/** The header by which an answer waits for our own last change. */
export function afterOurs(): Record<string, string> {
  return written && performance.now() < written.until ? { 'After-Position': written.position } : {};
}

async function ask(url: string, request: RequestInit, signal: AbortSignal | undefined, timeoutMs: number): Promise<Response> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const both = signal ? AbortSignal.any([signal, timeout]) : timeout;
  let response: Response;
  try {
    response = await fetch(url, { ...request, signal: both });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new RequestFailed(0, error instanceof Error ? error.message : String(error));
  }
  if (!response.ok) throw await failed(response);
  return response;
}

const ACCEPT = { Accept: 'application/json, application/geo+json' };

/** The answer with its headers, or `RequestFailed` with the server's own explanation; gives up after `timeoutMs`. */
export const get = (url: string, signal?: AbortSignal, timeoutMs = 20_000, headers: Record<string, string> = {}): Promise<Response> =>
  ask(url, { headers: { ...ACCEPT, ...afterOurs(), ...headers } }, signal, timeoutMs);

/** The answer's JSON. */
export const getJson = async <T>(url: string, signal?: AbortSignal, timeoutMs?: number): Promise<T> => (await (await get(url, signal, timeoutMs)).json()) as T;

/** Changes something: JSON, or no body. `X-OpenSIT` is what a foreign page's form can't send. */
export function send(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const kind: Record<string, string> = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const request: RequestInit = { method, headers: { ...ACCEPT, 'X-OpenSIT': 'portal', ...kind, ...headers } };
  return ask(url, body === undefined ? request : { ...request, body: JSON.stringify(body) }, undefined, 30_000);
}

const OWN_PATHS = /^.*?\/(?=(?:xyz|collections|styles|jobs|auth|admin)\/)/;

/**
 * The same address below the root this page came from. The server writes links with its configured public name; the
 * page may have been opened by another one (127.0.0.1, a LAN name), and must not become cross-origin for that.
 */
export function rebase(url: string): string {
  const absolute = new URL(url, root).href;
  return new URL(absolute).origin === new URL(root).origin ? absolute : absolute.replace(OWN_PATHS, root);
}
