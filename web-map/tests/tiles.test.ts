import { describe, expect, it } from 'vitest';
import type { Bbox } from '../src/api/contract';
import { tilesIn, touches, withParents } from '../src/geo/tiles';
import { StaleTiles } from '../src/map/refresh';

/** The tile's own box in degrees, by the inverse formula. */
function boxOf(z: number, x: number, y: number): Bbox {
  const lon = (c: number) => (c / 2 ** z) * 360 - 180;
  const lat = (r: number) => (Math.atan(Math.sinh(Math.PI * (1 - (2 * r) / 2 ** z))) * 180) / Math.PI;
  return [lon(x), lat(y + 1), lon(x + 1), lat(y)];
}

/** A box in the middle of a tile, a tenth of it wide. */
function middle(z: number, x: number, y: number): Bbox {
  const [w, s, e, n] = boxOf(z, x, y);
  return [w + (e - w) * 0.45, s + (n - s) * 0.45, w + (e - w) * 0.55, s + (n - s) * 0.55];
}

describe('tiles', () => {
  it('finds the tile of a place', () => {
    expect(tilesIn([15.65, 38.11, 15.65, 38.11], 14)).toEqual([{ z: 14, x: 8904, y: 6313 }]);
  });

  it('finds all tiles that a view shows', () => {
    const [w, s] = boxOf(15, 100, 201);
    const [, , e, n] = boxOf(15, 102, 200);
    const inside: Bbox = [w + 1e-6, s + 1e-6, e - 1e-6, n - 1e-6];
    expect(tilesIn(inside, 15)).toHaveLength(6);
  });

  it('stays on the world', () => {
    expect(tilesIn([-180, -90, 180, 90], 1)).toHaveLength(4);
    expect(tilesIn([170, 80, 190, 89.9], 2).every(({ x, y }) => x <= 3 && y >= 0)).toBe(true);
  });

  it('counts the buffer: a change at an edge touches the neighbour too', () => {
    const [, s, e, n] = boxOf(16, 500, 700);
    const atEdge: Bbox = [e - 1e-6, (s + n) / 2, e - 1e-6, (s + n) / 2];
    expect(touches({ z: 16, x: 500, y: 700 }, atEdge)).toBe(true);
    expect(touches({ z: 16, x: 501, y: 700 }, atEdge)).toBe(true);
    expect(touches({ z: 16, x: 502, y: 700 }, atEdge)).toBe(false);
    expect(touches({ z: 16, x: 501, y: 700 }, middle(16, 500, 700))).toBe(false);
  });

  it('knows the parents, each once', () => {
    const all = withParents([{ z: 3, x: 4, y: 2 }, { z: 3, x: 5, y: 2 }], 1);
    expect(all.map(({ z, x, y }) => `${z}/${x}/${y}`)).toEqual(['3/4/2', '2/2/1', '1/1/0', '3/5/2']);
  });
});

describe('stale tiles', () => {
  const view = tilesIn([15.6, 38.05, 15.7, 38.15], 14);
  const changed = middle(14, 8904, 6313);

  it('are those that a change touches, once', () => {
    const stale = new StaleTiles();
    expect(stale.take(view)).toEqual([]);
    stale.note(changed);
    expect(stale.take(view)).toEqual([{ z: 14, x: 8904, y: 6313 }]);
    expect(stale.take(view)).toEqual([]);
  });

  it('come back when they come into view later', () => {
    const stale = new StaleTiles();
    stale.note(changed);
    expect(stale.take(tilesIn([10, 40, 10.1, 40.1], 14))).toEqual([]);
    expect(stale.take(view)).toHaveLength(1);
  });

  it('are stale again after the next change', () => {
    const stale = new StaleTiles();
    stale.note(changed);
    stale.take(view);
    stale.note(changed);
    expect(stale.take(view)).toHaveLength(1);
  });

  it('miss nothing when there are very many', () => {
    const stale = new StaleTiles();
    for (let i = 0; i < 500; i += 1) stale.note(middle(14, 8900 + (i % 8), 6310));
    expect(stale.take([{ z: 14, x: 8907, y: 6310 }])).toHaveLength(1);
    stale.clear();
    expect(stale.take([{ z: 14, x: 8907, y: 6310 }])).toHaveLength(0);
  });
});
