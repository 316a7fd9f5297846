/** Files of the cadastre on their way into the register, as `/cadastre/imports` tells of them. */
import { getJson, RequestFailed, serverUrl, type Problem } from '../../api/http';

/** What differs in a layer. */
export interface Counts { layer: string; new: number; changed: number; gone: number; same: number }

/** What is otherwise than it should be in a line of a file; of the whole file if that is 0. */
export interface Remark { line: number; kind: string; what: { it: string; en: string }; done: { it: string; en: string } }

export interface Sent {
  id: string;
  files: string[];
  state: 'looking' | 'looked' | 'importing' | 'imported' | 'failed';
  number?: number | null;
  error?: string | null;
  outcome?: { counts: Counts[]; census: Counts[]; sheets: number; report: { files: { file: string; remarks: Remark[]; remark_count: number }[]; remarks: number } } | null;
}

/** So many, in their order: of each kind the first before the second of any. What is said once is not behind what is said a thousand times. */
export function foremost<R extends Remark>(remarks: R[], most: number): R[] {
  const seen = new Map<string, number>();
  const ranked = remarks.map((remark, index) => {
    const before = seen.get(remark.kind) ?? 0;
    seen.set(remark.kind, before + 1);
    return { remark, index, before };
  });
  const shown = ranked.sort((a, b) => a.before - b.before || a.index - b.index).slice(0, most);
  return shown.sort((a, b) => a.index - b.index).map(({ remark }) => remark);
}

export const working = ({ state }: Sent): boolean => state === 'looking' || state === 'importing';

/** What differs, without the layers of which nothing came. */
export const told = ({ outcome }: Sent): Counts[] =>
  [...(outcome?.counts ?? []), ...(outcome?.census ?? [])].filter((c) => c.new + c.changed + c.gone + c.same > 0);

export const differs = (sent: Sent): boolean => told(sent).some((c) => c.new + c.changed + c.gone > 0);

export const read = (id: string, signal?: AbortSignal): Promise<Sent> => getJson<Sent>(serverUrl(`cadastre/imports/${id}`, { f: 'json' }), signal);

/** Sends files; `share` hears how much has gone, 0 to 1. What comes back is where the server leads to: how the files stand. */
export function sendFiles(files: File[], crs: string, share: (part: number) => void): Promise<Sent> {
  const body = new FormData();
  if (crs) body.append('crs', crs);
  for (const file of files) body.append('file', file, file.name);
  return post('cadastre/imports', body, share);
}

/** Imports what was looked at, or looks again. */
export function order(id: string, what: 'import' | 'look', crs = ''): Promise<Sent> {
  return post(`cadastre/imports/${id}`, new URLSearchParams(crs ? { do: what, crs } : { do: what }));
}

/** Unlike `fetch`, this tells how much of the body has gone. */
function post(path: string, body: FormData | URLSearchParams, share?: (part: number) => void): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', serverUrl(path));
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('X-OpenSIT', 'portal');
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded, total, lengthComputable }) => lengthComputable && share?.(loaded / total);
    request.onerror = () => reject(new RequestFailed(0, 'network'));
    request.onload = () => {
      const answer = request.response as (Sent & Problem) | null;
      if (request.status < 400 && answer?.id) resolve(answer);
      else reject(new RequestFailed(request.status, answer?.detail ?? answer?.title ?? `HTTP ${request.status}`, answer ?? {}));
    };
    request.send(body);
  });
}
