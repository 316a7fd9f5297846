/**
 * Files on their way to the server (tus 1.0): each resumes where it stopped after a lost connection, and after a reload when the same file is
 * chosen again. What is being sent goes on while other panels are open; the files of one delivery are sent one after the other.
 */
import type { PreviousUpload, Upload } from 'tus-js-client';
import { createDelivery, uploadsUrl } from '../api/deliveries';
import { rebase, RequestFailed, saidBy, type Problem } from '../api/http';
import { reasonOf } from '../state/cards.svelte';
import { prefs } from '../state/preferences.svelte';
import { portal } from '../state/portal.svelte';
import { Pace } from './progress';

/** A request carries so much at most: a proxy may hold a whole request back, and refuse large ones. */
const CHUNK_BYTES = 16 * 1024 * 1024;
/** Between tries; the count begins anew with each piece that arrives. */
const RETRIES_MS = [0, 1000, 3000, 5000, 10_000, 20_000, 30_000];
/** Answers after which the same request may succeed. */
const PASSING = new Set([0, 408, 409, 423, 425, 429, 500, 502, 503, 504]);

/** What a foreign page's form can't send. */
const OURS = { 'X-OpenSIT': 'portal' };

export type SendingState = 'sending' | 'lost' | 'making' | 'failed';

/** The files of a delivery to be. */
export class Sending {
  state = $state<SendingState>('sending');
  reason = $state('');
  sent = $state(0);
  /** Seconds to come; undefined while nobody can tell. */
  left = $state<number>();
  readonly total: number;
  private readonly pace = new Pace();
  private readonly done: { bytes: number; id: string }[] = [];
  private readonly keys = new Set<string>();
  private running: Upload | undefined;
  private ended = false;

  constructor(readonly name: string, readonly files: readonly File[], private readonly over: (sending: Sending, delivery?: string) => void) {
    this.total = files.reduce((sum, file) => sum + file.size, 0);
  }

  /** Begins, or goes on where it stopped. */
  async go(): Promise<void> {
    [this.state, this.reason] = ['sending', ''];
    this.pace.forget();
    try {
      for (let next = this.files[this.done.length]; next; next = this.files[this.done.length]) await this.send(next);
      if (this.ended) return;
      this.state = 'making';
      const made = await createDelivery(this.done.map(({ id }) => id));
      await forget(this.keys);
      this.over(this, made.id);
    } catch (error) {
      if (this.ended) return;
      [this.state, this.reason, this.left] = [isLost(error) ? 'lost' : 'failed', wordsOf(error), undefined];
    }
  }

  private async send(file: File): Promise<void> {
    const { Upload, DefaultHttpStack, defaultOptions } = await import('tus-js-client');
    const [stack, storage] = [new DefaultHttpStack({}), defaultOptions.urlStorage];
    const before = this.sentBefore();
    await new Promise<void>((resolve, reject) => {
      const upload = new Upload(file, {
        endpoint: uploadsUrl(),
        // the server writes addresses with its public name; the page may have been opened by another
        httpStack: { createRequest: (method, url) => stack.createRequest(method, rebase(url)), getName: () => stack.getName() },
        urlStorage: {
          findAllUploads: () => storage.findAllUploads(),
          findUploadsByFingerprint: (print) => storage.findUploadsByFingerprint(print),
          removeUpload: (key) => storage.removeUpload(key),
          addUpload: async (print, kept) => this.note(await storage.addUpload(print, kept)),
        },
        headers: OURS,
        metadata: { filename: file.name },
        chunkSize: CHUNK_BYTES,
        retryDelays: RETRIES_MS,
        onShouldRetry: (error) => PASSING.has(error.originalResponse?.getStatus() ?? 0),
        onProgress: (sent) => this.progress(before + sent),
        onError: reject,
        onSuccess: () => {
          this.done.push({ bytes: file.size, id: idOf(upload.url ?? '') });
          this.progress(before + file.size);
          resolve();
        },
      });
      this.running = upload;
      void upload.findPreviousUploads().then((previous) => {
        const last = previous.filter(({ uploadUrl }) => uploadUrl).sort((a, b) => b.creationTime.localeCompare(a.creationTime))[0];
        if (last) {
          upload.resumeFromPreviousUpload(last);
          this.note(last.urlStorageKey);
        }
        if (this.ended) reject(new DOMException('cancelled', 'AbortError'));
        else upload.start();
      }, reject);
    });
  }

  private sentBefore = () => this.done.reduce((sum, { bytes }) => sum + bytes, 0);

  /** Under this key the browser remembers an upload, until it belongs to a delivery. */
  private note(key: string): string {
    this.keys.add(key);
    return key;
  }

  private progress(sent: number): void {
    this.sent = sent;
    this.pace.add(sent, performance.now());
    this.left = this.pace.left(this.total);
  }

  /** Stops, and takes back what the server has of it. */
  async cancel(): Promise<void> {
    this.ended = true;
    this.over(this);
    await this.running?.abort(true).catch(() => undefined);
    for (const { id } of this.done) await discard(`${uploadsUrl()}/${id}`);
    await forget(this.keys);
  }
}

const idOf = (url: string) => decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? '');

/** No answer came, or none that says no. */
function isLost(error: unknown): boolean {
  if (error instanceof RequestFailed) return error.status === 0;
  const response = (error as { originalResponse?: { getStatus(): number } | null }).originalResponse;
  return response === null || response === undefined ? 'originalRequest' in (error as object) : PASSING.has(response.getStatus());
}

/** The server's own words, where it had any. */
function wordsOf(error: unknown): string {
  const body = (error as { originalResponse?: { getBody(): string } | null }).originalResponse?.getBody();
  try {
    return saidBy(JSON.parse(body ?? '') as Problem, prefs.lang) ?? reasonOf(error);
  } catch {
    return body === undefined ? reasonOf(error) : body.slice(0, 300) || reasonOf(error);
  }
}

async function forget(keys: Iterable<string>): Promise<void> {
  const { defaultOptions } = await import('tus-js-client');
  for (const key of keys) await defaultOptions.urlStorage.removeUpload(key);
}

/** One that the server has no longer is as good as taken back. */
async function discard(url: string): Promise<void> {
  const { Upload: Uploading } = await import('tus-js-client');
  await Uploading.terminate(rebase(url), { headers: OURS }).catch(() => undefined);
}

class Uploads {
  sending = $state.raw<Sending[]>([]);
  /** What an earlier visit of this browser left unfinished. */
  earlier = $state.raw<PreviousUpload[]>([]);

  constructor() {
    addEventListener('online', () => this.sending.filter(({ state }) => state === 'lost').forEach((one) => void one.go()));
  }

  start(name: string, files: readonly File[]): void {
    const sending = new Sending(name, files, (one, delivery) => {
      this.sending = this.sending.filter((other) => other !== one);
      void this.remember();
      if (!delivery) return;
      if (portal.panel === 'deliveries' && !portal.delivery && this.sending.length === 0) portal.openDelivery(delivery);
      else portal.revision += 1;
    });
    this.sending = [...this.sending, sending];
    void sending.go();
  }

  /** Looks for what an earlier visit left. */
  async remember(): Promise<void> {
    const { defaultOptions } = await import('tus-js-client');
    const known = await defaultOptions.urlStorage.findAllUploads().catch(() => []);
    const now = new Set(this.sending.flatMap(({ files }) => files.map(({ name, size }) => `${name}/${size}`)));
    this.earlier = known.filter(({ uploadUrl, metadata, size }) => uploadUrl && !now.has(`${metadata['filename'] ?? ''}/${size ?? 0}`));
  }

  async discard(upload: PreviousUpload): Promise<void> {
    if (upload.uploadUrl) await discard(upload.uploadUrl);
    await forget([upload.urlStorageKey]);
    await this.remember();
  }
}

export const uploads = new Uploads();
