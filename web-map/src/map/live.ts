/** Which source a changed layer is drawn from, and one refresh a source for a burst of changes. */
import type { Bbox, Change } from '../api/contract';

export interface Burst {
  /** The catalogue itself changed: layers, styles or rights. */
  catalogue: boolean;
  /** By layer: the boxes that changed, or null for the whole layer. */
  layers: Map<string, Bbox[] | null>;
}

/** Collects changes and hands them over together, `delayMs` after the first, so that a mass edit is one refresh. */
export class Coalescer {
  private burst: Burst = { catalogue: false, layers: new Map() };
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly flush: (burst: Burst) => void, private readonly delayMs = 100) {}

  add(change: Change): void {
    if (change.layer === '*') this.burst.catalogue = true;
    else if (change.bbox === null) this.burst.layers.set(change.layer, null);
    else if (this.burst.layers.get(change.layer) !== null) {
      this.burst.layers.set(change.layer, [...(this.burst.layers.get(change.layer) ?? []), change.bbox]);
    }
    this.timer ??= setTimeout(() => this.send(), this.delayMs);
  }

  private send(): void {
    const { burst } = this;
    this.burst = { catalogue: false, layers: new Map() };
    this.timer = undefined;
    this.flush(burst);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
