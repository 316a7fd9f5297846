/** What a card tells of people, once somebody said what they read it for: for that card alone, for a while, and never kept. */
import type { CardField } from '../api/contract';

/** Then it is hidden again, whoever sits at the screen. */
export const SHOWN_MS = 5 * 60_000;
/** As the server takes it. */
export const PURPOSE_CHARACTERS = { least: 4, most: 200 };

export class Disclosure {
  fields = $state.raw<CardField[]>();
  busy = $state(false);
  until = $state<number>();
  private running: AbortController | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Reads, and forgets by itself. What goes wrong is the caller's to tell. */
  async ask(read: (signal: AbortSignal) => Promise<CardField[]>): Promise<void> {
    this.forget();
    const running = new AbortController();
    this.running = running;
    this.busy = true;
    try {
      const fields = await read(running.signal);
      if (running.signal.aborted) return;
      this.fields = fields;
      this.until = Date.now() + SHOWN_MS;
      this.timer = setTimeout(() => this.forget(), SHOWN_MS);
    } finally {
      if (this.running === running) this.busy = false;
    }
  }

  forget(): void {
    this.running?.abort();
    clearTimeout(this.timer);
    [this.fields, this.until, this.busy] = [undefined, undefined, false];
  }
}
