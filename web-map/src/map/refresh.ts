/**
 * Which tiles are stale after a change. Tiles in view are fetched again at once; those the map keeps out of view are
 * fetched again when they come back, once. So a reader who pans never meets what was there before the edit.
 */
import type { Bbox } from '../api/contract';
import { union } from '../geo/bbox';
import { tileKey, touches, type TileId } from '../geo/tiles';

/** Boxes remembered one by one; beyond that they become a single one, which only costs more revalidation. */
const MAX_BOXES = 64;

export class StaleTiles {
  private boxes: Bbox[] = [];
  private fresh = new Set<string>();

  /** A box changed: tiles fetched before this moment are stale where they touch it. */
  note(box: Bbox): void {
    this.boxes = this.boxes.length < MAX_BOXES ? [...this.boxes, box] : [this.boxes.reduce(union, box)];
    for (const key of this.fresh) {
      const [z, x, y] = key.split('/').map(Number) as [number, number, number];
      if (touches({ z, x, y }, box)) this.fresh.delete(key);
    }
  }

  /** Those of `tiles` that have to be fetched again now; they count as fresh from here on. */
  take(tiles: TileId[]): TileId[] {
    const stale = tiles.filter((tile) => !this.fresh.has(tileKey(tile)) && this.boxes.some((box) => touches(tile, box)));
    for (const tile of stale) this.fresh.add(tileKey(tile));
    return stale;
  }

  /** Everything was fetched anew. */
  clear(): void {
    this.boxes = [];
    this.fresh.clear();
  }
}
