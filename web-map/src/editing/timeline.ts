/** What was done, so that it can be undone and done again. */
const MOST = 200;

export class Timeline<State> {
  private past: State[] = [];
  private future: State[] = [];
  private lastKind: string | undefined;

  constructor(private present: State) {}

  get now(): State {
    return this.present;
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  /** A step. Steps of the same `kind` one after the other (letters typed into one field) are undone as one. */
  step(next: State, kind?: string): void {
    if (kind === undefined || kind !== this.lastKind) this.past = [...this.past.slice(-MOST), this.present];
    this.lastKind = kind;
    this.present = next;
    this.future = [];
  }

  undo(): State {
    const before = this.past.pop();
    if (before !== undefined) [this.future, this.present] = [[this.present, ...this.future], before];
    this.lastKind = undefined;
    return this.present;
  }

  redo(): State {
    const [next, ...rest] = this.future;
    if (next !== undefined) [this.past, this.present, this.future] = [[...this.past, this.present], next, rest];
    this.lastKind = undefined;
    return this.present;
  }
}
