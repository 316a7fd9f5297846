import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Bbox, Change } from '../src/api/contract';
import { backoff, ChangeStream } from '../src/api/changes';
import { Coalescer, type Burst } from '../src/map/live';
import { SourceWatch } from '../src/state/watch';

/** A stand-in for the browser's stream, driven by hand. */
class FakeSource {
  static opened: FakeSource[] = [];
  onopen?: () => void;
  onerror?: () => void;
  closed = false;
  private listener?: (event: { data: string; lastEventId: string }) => void;
  constructor(readonly url: string) {
    FakeSource.opened.push(this);
  }
  private greeted?: (event: { data: string; lastEventId: string }) => void;
  addEventListener(name: string, listener: (event: { data: string; lastEventId: string }) => void) {
    if (name === 'hello') this.greeted = listener;
    else this.listener = listener;
  }
  hello(lastEventId: string) {
    this.greeted?.({ data: '{}', lastEventId });
  }
  close() {
    this.closed = true;
  }
  send(change: Change, lastEventId = change.position) {
    this.listener?.({ data: JSON.stringify(change), lastEventId });
  }
}

const box: Bbox = [15, 38, 15.1, 38.1];
const change = (layer: string, bbox: Bbox | null = box, position = '0/1'): Change => ({ position, layer, bbox });

beforeEach(() => {
  FakeSource.opened = [];
  vi.stubGlobal('EventSource', FakeSource);
  vi.useFakeTimers();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('the stream of changes', () => {
  it('asks for the layers that are on, in one connection', () => {
    const stream = new ChangeStream(() => {}, () => {});
    stream.follow(['trees', 'parcels']);
    stream.follow(['parcels', 'trees']);
    expect(FakeSource.opened.map(({ url }) => new URL(url).pathname)).toEqual(['/xyz/parcels,trees/changes']);
  });

  it('resumes after the last event when it breaks, and when other layers are followed', () => {
    const seen: Change[] = [];
    const states: string[] = [];
    const stream = new ChangeStream((event) => seen.push(event), (state) => states.push(state));
    stream.follow(['parcels']);
    const [first] = FakeSource.opened as [FakeSource];
    first.onopen!();
    first.send(change('parcels', box, '0/16B3748'));
    first.onerror!();
    expect(first.closed).toBe(true);
    vi.advanceTimersByTime(600);
    expect(new URL(FakeSource.opened[1]!.url).searchParams.get('lastEventId')).toBe('0/16B3748');
    FakeSource.opened[1]!.onopen!();
    expect(states).toEqual(['live', 'reconnecting', 'live']);
    expect(seen).toHaveLength(1);
    stream.follow(['parcels', 'trees']);
    expect(new URL(FakeSource.opened[2]!.url).searchParams.get('lastEventId')).toBe('0/16B3748');
  });

  it('takes everything for changed when it broke without a position', () => {
    const seen: Change[] = [];
    const stream = new ChangeStream((event) => seen.push(event), () => {});
    stream.follow(['parcels', 'trees']);
    FakeSource.opened[0]!.onopen!();
    FakeSource.opened[0]!.onerror!();
    vi.advanceTimersByTime(600);
    FakeSource.opened[1]!.onopen!();
    expect(seen.map(({ layer, bbox }) => [layer, bbox])).toEqual([['parcels', null], ['trees', null]]);
  });

  it('opened anew begins where the one before began, though nothing happened on it', () => {
    const stream = new ChangeStream(() => {}, () => {});
    stream.follow(['parcels']);
    FakeSource.opened[0]!.hello('0/16');
    stream.reopen();
    expect(FakeSource.opened[0]!.closed).toBe(true);
    expect(FakeSource.opened.at(-1)!.url).toContain('lastEventId=0%2F16');
    stream.close();
  });

  it('waits longer and longer, up to a limit', () => {
    const waits = [0, 1, 2, 3, 20].map((attempt) => backoff(attempt, () => 1));
    expect(waits).toEqual([500, 1000, 2000, 4000, 15_000]);
    expect(backoff(0, () => 0)).toBe(250);
  });

  it('is closed when nothing is on', () => {
    const stream = new ChangeStream(() => {}, () => {});
    stream.follow(['parcels']);
    stream.follow([]);
    expect(FakeSource.opened[0]!.closed).toBe(true);
    expect(FakeSource.opened).toHaveLength(1);
  });
});

describe('a burst', () => {
  it('is handed over once, a whole layer swallowing its boxes', () => {
    const bursts: Burst[] = [];
    const coalescer = new Coalescer((burst) => bursts.push(burst));
    for (let i = 0; i < 50; i += 1) coalescer.add(change('parcels'));
    coalescer.add(change('trees'));
    coalescer.add(change('trees', null));
    coalescer.add(change('trees'));
    coalescer.add(change('*', null));
    vi.advanceTimersByTime(99);
    expect(bursts).toHaveLength(0);
    vi.advanceTimersByTime(1);
    expect(bursts).toHaveLength(1);
    expect(bursts[0]!.catalogue).toBe(true);
    expect(bursts[0]!.layers.get('parcels')).toHaveLength(50);
    expect(bursts[0]!.layers.get('trees')).toBeNull();
    coalescer.add(change('parcels'));
    vi.advanceTimersByTime(100);
    expect(bursts[1]!.layers.get('parcels')).toHaveLength(1);
    expect(bursts[1]!.catalogue).toBe(false);
  });
});

describe('a slow or dead source', () => {
  it('is told after three seconds, and no longer than needed', () => {
    let loading = true;
    const reports: string[] = [];
    const watch = new SourceWatch(() => loading, (source, health) => reports.push(`${source} ${health}`));
    watch.check(['map'], 0);
    watch.check(['map'], 2999);
    expect(reports.at(-1)).toBe('map ok');
    watch.check(['map'], 3000);
    expect(reports.at(-1)).toBe('map slow');
    loading = false;
    watch.check(['map'], 3500);
    expect(reports.at(-1)).toBe('map ok');
  });

  it('says why it failed until a tile arrives', () => {
    const reports: [string, string, string][] = [];
    const watch = new SourceWatch(() => false, (...report) => reports.push(report));
    watch.fail('trees', 'Service Unavailable');
    watch.check(['trees', 'map'], 100);
    expect(reports.slice(-2)).toEqual([['trees', 'error', 'Service Unavailable'], ['map', 'ok', '']]);
    watch.succeed('trees');
    watch.check(['trees'], 200);
    expect(reports.at(-1)).toEqual(['trees', 'ok', '']);
  });
});
