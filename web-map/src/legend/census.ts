/**
 * How many features of each legend entry are in view. Counted when the map has come to rest, a few entries at a time while
 * the browser has nothing better to do, and only as long as somebody reads the legend.
 */
export type Counts = ReadonlyMap<string, number>;

type Count = (entry: string) => number | undefined;

/** Longest turn, but for an entry that takes longer by itself: half a frame. */
const BUDGET_MS = 8;

export class Census {
  private round = 0;

  constructor(
    private readonly count: Count,
    private readonly report: (counts: Counts) => void,
    private readonly whenIdle: (work: () => void) => void = atLeisure,
    private readonly budgetMs = BUDGET_MS,
  ) {}

  /** Starts over with these entries; what an earlier round had not finished is dropped. */
  take(entries: string[]): void {
    const round = ++this.round;
    const counts = new Map<string, number>();
    const rest = [...entries];
    const next = () => {
      if (round !== this.round) return;
      const start = performance.now();
      do {
        const entry = rest.shift();
        if (entry === undefined) return this.report(counts);
        const count = this.count(entry);
        if (count !== undefined) counts.set(entry, count);
      } while (performance.now() - start < this.budgetMs);
      this.whenIdle(next);
    };
    this.whenIdle(next);
  }

  /** The map moves: what is being counted is already wrong. */
  stop(): void {
    this.round += 1;
  }
}

/** Safari has no idle callbacks. */
function atLeisure(work: () => void): void {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(work, { timeout: 200 });
  else setTimeout(work, 20);
}
