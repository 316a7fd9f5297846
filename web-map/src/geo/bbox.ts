import type { Geometry, Position } from 'geojson';
import type { Bbox, LonLat } from '../api/contract';

function eachPosition(geometry: Geometry, visit: (position: Position) => void): void {
  if (geometry.type === 'GeometryCollection') return geometry.geometries.forEach((g) => eachPosition(g, visit));
  const walk = (value: unknown): void => {
    if (!Array.isArray(value)) return;
    if (typeof value[0] === 'number') visit(value as Position);
    else value.forEach(walk);
  };
  walk(geometry.coordinates);
}

export function bboxOf(geometry: Geometry | null | undefined): Bbox | undefined {
  if (!geometry) return undefined;
  const box: Bbox = [Infinity, Infinity, -Infinity, -Infinity];
  eachPosition(geometry, ([x, y]) => {
    box[0] = Math.min(box[0], x!);
    box[1] = Math.min(box[1], y!);
    box[2] = Math.max(box[2], x!);
    box[3] = Math.max(box[3], y!);
  });
  return Number.isFinite(box[0]) ? box : undefined;
}

export const union = (a: Bbox, b: Bbox): Bbox => [
  Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3]),
];

export const centre = ([w, s, e, n]: Bbox): LonLat => [(w + e) / 2, (s + n) / 2];

export const contains = ([w, s, e, n]: Bbox, [lon, lat]: LonLat) => lon >= w && lon <= e && lat >= s && lat <= n;
