import { describe, expect, it } from 'vitest';
import { Census, type Counts } from '../src/legend/census';

/** Work waits until the test lets one piece of it happen. */
function bench(count: (entry: string) => number | undefined) {
  const waiting: (() => void)[] = [];
  const reports: Counts[] = [];
  const census = new Census(count, (counts) => reports.push(counts), (work) => waiting.push(work), 0);
  const idle = () => { while (waiting.length > 0) waiting.shift()!(); };
  return { census, reports, waiting, idle };
}

describe('the census of the legend', () => {
  it('counts one entry at a time and reports them together', () => {
    const { census, reports, idle } = bench((entry) => ({ oak: 3, palm: 0 })[entry]);
    census.take(['oak', 'palm', 'not drawn here']);
    idle();
    expect(reports.map((counts) => [...counts])).toEqual([[['oak', 3], ['palm', 0]]]);
  });

  it('drops a round that was overtaken, and one that the map moved away from', () => {
    const counted: string[] = [];
    const { census, reports, waiting, idle } = bench((entry) => counted.push(entry));
    census.take(['a', 'b']);
    waiting.shift()!();
    census.take(['c']);
    idle();
    expect(counted).toEqual(['a', 'c']);
    expect(reports.map((counts) => [...counts.keys()])).toEqual([['c']]);
    census.take(['d']);
    census.stop();
    idle();
    expect(reports).toHaveLength(1);
  });
});
