/** What the map shows of an edit: the shape, its handles, the one it is compared with, and the places where it is wrong. */
import type { Feature, FeatureCollection, Geometry } from 'geojson';
import type { LonLat } from '../api/contract';
import { middles, samePath, vertices, type Drawn, type Path } from './geometry';

export interface Sketch {
  geometry: Drawn | undefined;
  /** Drawn so far, where the shape is not complete. */
  points: LonLat[];
  area: boolean;
  chosen: Path | undefined;
  /** Theirs, or what was before. */
  other?: Geometry | null | undefined;
  faults: LonLat[];
  handles: boolean;
}

/** So many handles can be told apart and drawn; a shape with more is moved vertex by vertex from the panel. */
const MOST_HANDLES = 1500;

const feature = (geometry: Geometry, properties: Record<string, unknown>): Feature => ({ type: 'Feature', properties, geometry });
const dot = (at: LonLat, properties: Record<string, unknown>) => feature({ type: 'Point', coordinates: at }, properties);

export function sketchOf({ geometry, points, area, chosen, other, faults, handles }: Sketch): FeatureCollection {
  const features: Feature[] = [];
  if (other) features.push(feature(other, { role: 'theirs' }));
  if (geometry) features.push(...complete(geometry, chosen, handles));
  else features.push(...begun(points, area));
  features.push(...faults.map((at) => dot(at, { role: 'fault' })));
  return { type: 'FeatureCollection', features };
}

function complete(geometry: Drawn, chosen: Path | undefined, handles: boolean): Feature[] {
  const corners = vertices(geometry);
  const shape = feature(geometry, { role: 'mine' });
  if (!handles || corners.length > MOST_HANDLES) return [shape, ...(corners.length === 1 ? [dot(corners[0]!.at, { role: 'vertex' })] : [])];
  return [
    shape,
    ...middles(geometry).map(({ path, at }) => dot(at, { role: 'middle', handle: `+${path.join('.')}` })),
    ...corners.map(({ path, at }) => dot(at, { role: samePath(path, chosen) ? 'chosen' : 'vertex', handle: path.join('.') })),
  ];
}

function begun(points: LonLat[], area: boolean): Feature[] {
  const features = points.map((at) => dot(at, { role: 'vertex' }));
  if (points.length < 2) return features;
  if (area && points.length > 2) return [feature({ type: 'Polygon', coordinates: [[...points, points[0]!]] }, { role: 'mine' }), ...features];
  return [feature({ type: 'LineString', coordinates: points }, { role: 'mine' }), ...features];
}

/** Before and after, side by side, without handles. */
export function comparison(after: Geometry | null | undefined, before: Geometry | null | undefined): FeatureCollection {
  const features: Feature[] = [];
  if (before) features.push(feature(before, { role: 'theirs' }));
  if (after) features.push(feature(after, { role: 'mine' }));
  if (after?.type === 'Point') features.push(dot(after.coordinates as LonLat, { role: 'vertex' }));
  return { type: 'FeatureCollection', features };
}
