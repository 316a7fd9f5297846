/** Requests to our own server: where it is, how long we wait, and what went wrong in words. */

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
  constructor(readonly status: number, message: string) {
    super(message);
    this.name = 'RequestFailed';
  }
}

/** True when a newer request took this one's place: nothing went wrong. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

interface Problem { title?: string; detail?: string }

async function problemOf(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as Problem;
    return problem.detail ?? problem.title ?? response.statusText;
  } catch {
    return response.statusText || `HTTP ${response.status}`;
  }
}

/** Reads JSON, or throws `RequestFailed` with the server's own explanation; gives up after `timeoutMs`. */
export async function getJson<T>(url: string, signal?: AbortSignal, timeoutMs = 20_000): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const both = signal ? AbortSignal.any([signal, timeout]) : timeout;
  let response: Response;
  try {
    response = await fetch(url, { signal: both, headers: { Accept: 'application/json, application/geo+json' } });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new RequestFailed(0, error instanceof Error ? error.message : String(error));
  }
  if (!response.ok) throw new RequestFailed(response.status, await problemOf(response));
  return (await response.json()) as T;
}

const OWN_PATHS = /^.*?\/(?=(?:xyz|collections|styles)\/)/;

/**
 * The same address below the root this page came from. The server writes links with its configured public name; the
 * page may have been opened by another one (127.0.0.1, a LAN name), and must not become cross-origin for that.
 */
export function rebase(url: string): string {
  const absolute = new URL(url, root).href;
  return new URL(absolute).origin === new URL(root).origin ? absolute : absolute.replace(OWN_PATHS, root);
}
