/** Tile arithmetic in the XYZ scheme of Web Mercator. */
import type { Bbox } from '../api/contract';

export interface TileId { z: number; x: number; y: number }

/** Where Web Mercator's square world ends. */
export const MAX_LATITUDE = 85.0511287798066;
/** Geometry reaches over a tile's edge by its buffer (64 of 4096 units is usual): a change near an edge touches the neighbour. */
const BUFFER = 64 / 4096;

const column = (lon: number, z: number) => ((lon + 180) / 360) * 2 ** z;
function row(lat: number, z: number): number {
  const phi = (Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, lat)) * Math.PI) / 180;
  return ((1 - Math.asinh(Math.tan(phi)) / Math.PI) / 2) * 2 ** z;
}

/** The tiles of level `z` which a box touches, buffers counted when asked for. */
export function tilesIn([west, south, east, north]: Bbox, z: number, buffer = 0): TileId[] {
  const last = 2 ** z - 1;
  const clamp = (n: number) => Math.max(0, Math.min(last, Math.floor(n)));
  const [x0, x1] = [clamp(column(west, z) - buffer), clamp(column(east, z) + buffer)];
  const [y0, y1] = [clamp(row(north, z) - buffer), clamp(row(south, z) + buffer)];
  const tiles: TileId[] = [];
  for (let x = x0; x <= x1; x += 1) for (let y = y0; y <= y1; y += 1) tiles.push({ z, x, y });
  return tiles;
}

export function touches(tile: TileId, [west, south, east, north]: Bbox): boolean {
  return (
    column(east, tile.z) >= tile.x - BUFFER && column(west, tile.z) <= tile.x + 1 + BUFFER &&
    row(south, tile.z) >= tile.y - BUFFER && row(north, tile.z) <= tile.y + 1 + BUFFER
  );
}

export const tileKey = ({ z, x, y }: TileId) => `${z}/${x}/${y}`;

/** The tile and those above it, up to `minzoom`: a map keeps the parents while children load. */
export function withParents(tiles: TileId[], minzoom = 0): TileId[] {
  const all = new Map<string, TileId>();
  for (let tile of tiles) {
    while (tile.z >= minzoom && !all.has(tileKey(tile))) {
      all.set(tileKey(tile), tile);
      tile = { z: tile.z - 1, x: tile.x >> 1, y: tile.y >> 1 };
    }
  }
  return [...all.values()];
}
