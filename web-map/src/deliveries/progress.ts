/** How far something has come, and how long it will still take. */
import type { Lang } from '../api/contract';
import { number } from '../format/numbers';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `1.234 kB`, `12,3 MB`: powers of 1,000, as files are sold. */
export function bytes(count: number, lang: Lang): string {
  let [value, unit] = [count, 0];
  while (value >= 999.5 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${number(value, lang, unit > 0 && value < 100 ? 1 : 0)} ${UNITS[unit]}`;
}

/** Seconds, as `[minutes, seconds]`; seconds are rounded to five from ten on, so that they do not flicker. */
export function minutes(seconds: number): [minutes: number, seconds: number] {
  const whole = seconds > 10 ? Math.ceil(seconds / 5) * 5 : Math.max(1, Math.ceil(seconds));
  return [Math.floor(whole / 60), whole % 60];
}

/** How fast lately: a few seconds are remembered, so that a pause or a burst is neither forgotten at once nor believed for long. */
export class Pace {
  private samples: { at: number; done: number }[] = [];

  constructor(private readonly windowMs = 8000) {}

  add(done: number, atMs: number): void {
    const last = this.samples.at(-1);
    // begun anew, or resumed from less than was thought
    if (last && done < last.done) this.samples = [];
    this.samples.push({ at: atMs, done });
    while (this.samples.length > 2 && atMs - this.samples[0]!.at > this.windowMs) this.samples.shift();
  }

  forget(): void {
    this.samples = [];
  }

  /** Seconds to come, or undefined while nobody can tell. */
  left(total: number): number | undefined {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last || last.at - first.at < 500 || last.done <= first.done) return undefined;
    const perMs = (last.done - first.done) / (last.at - first.at);
    return Math.max(0, (total - last.done) / perMs / 1000);
  }
}
