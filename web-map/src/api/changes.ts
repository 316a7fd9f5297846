/** The stream of changes: server-sent events that resume where they stopped. */
import type { Change } from './contract';
import { serverUrl } from './http';

export type StreamState = 'connecting' | 'live' | 'reconnecting';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/** Waits that double up to a limit, spread so that a restarted server is not met by everybody at once. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
  return wait * (0.5 + random() / 2);
}

/**
 * One open stream for the given layers. The browser's own reconnecting gives up on an HTTP error and forgets the position when
 * a new stream is opened for other layers, so both are done here.
 */
export class ChangeStream {
  private source: EventSource | undefined;
  private ids: string[] = [];
  private lastId: string | undefined;
  private attempt = 0;
  private interrupted = false;
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly onChange: (change: Change) => void, private readonly onState: (state: StreamState) => void) {}

  /** Follows these layers from here on; without any, the stream is closed. */
  follow(ids: string[]): void {
    const sorted = [...ids].sort();
    if (sorted.join() === this.ids.join() && this.source) return;
    this.ids = sorted;
    this.attempt = 0;
    this.open();
  }

  /** The same, asked anew: the server decides once for a stream who may hear what. */
  reopen(): void {
    this.attempt = 0;
    this.open();
  }

  close(): void {
    clearTimeout(this.retry);
    this.source?.close();
    this.source = undefined;
  }

  private open(): void {
    this.close();
    if (this.ids.length === 0) return;
    const source = new EventSource(serverUrl(`xyz/${this.ids.map(encodeURIComponent).join(',')}/changes`, { lastEventId: this.lastId }));
    this.source = source;
    source.onopen = () => {
      this.attempt = 0;
      if (this.interrupted && !this.lastId) this.assumeAllChanged();
      this.interrupted = false;
      this.onState('live');
    };
    // where the stream begins: what happens between this one and the next is not lost, even if nothing happens on this one
    source.addEventListener('hello', (event) => (this.lastId = (event as MessageEvent<string>).lastEventId || this.lastId));
    source.addEventListener('change', (event) => this.receive(event as MessageEvent<string>));
    source.onerror = () => {
      this.interrupted = true;
      this.onState('reconnecting');
      source.close();
      this.retry = setTimeout(() => this.open(), backoff(this.attempt));
      this.attempt += 1;
    };
  }

  /** The stream broke before any event gave a position to resume from: what happened meanwhile is unknown. */
  private assumeAllChanged(): void {
    for (const layer of this.ids) this.onChange({ position: '', layer, bbox: null });
  }

  private receive(event: MessageEvent<string>): void {
    if (event.lastEventId) this.lastId = event.lastEventId;
    try {
      this.onChange(JSON.parse(event.data) as Change);
    } catch {
      console.warn('changes: an event could not be read', event.data);
    }
  }
}
