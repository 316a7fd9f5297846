/** Watches the map's sources: one that has not answered after three seconds is called slow, one that failed says why. */
import type { Health } from './layers.svelte';

export const SLOW_AFTER_MS = 3000;

export class SourceWatch {
  private since = new Map<string, number>();
  private failed = new Map<string, string>();

  constructor(
    private readonly isLoading: (source: string) => boolean,
    private readonly report: (source: string, health: Health, reason: string) => void,
  ) {}

  fail(source: string, reason: string): void {
    this.failed.set(source, reason);
    this.report(source, 'error', reason);
  }

  /** A tile arrived: whatever failed before is over. */
  succeed(source: string): void {
    this.failed.delete(source);
    this.report(source, 'ok', '');
  }

  /** To be called every now and then with the sources in use. */
  check(sources: string[], now: number): void {
    for (const source of [...this.since.keys()]) if (!sources.includes(source)) this.since.delete(source);
    for (const source of sources) {
      const loading = this.isLoading(source);
      if (!loading) this.since.delete(source);
      else if (!this.since.has(source)) this.since.set(source, now);
      const slow = loading && now - (this.since.get(source) ?? now) >= SLOW_AFTER_MS;
      const reason = this.failed.get(source);
      this.report(source, reason !== undefined ? 'error' : slow ? 'slow' : 'ok', reason ?? '');
    }
  }
}
