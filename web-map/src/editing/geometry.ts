/**
 * Geometries as positions that can be moved one by one: points, lines and areas, of one part or several, with or without holes.
 * Every function leaves its argument as it was. Positions are longitude and latitude in degrees.
 */
import type { Geometry, Position } from 'geojson';
import type { GeometryType, Layer, LonLat } from '../api/contract';

/** Where a position lies within `coordinates`: an index a level. */
export type Path = number[];

export interface Vertex { path: Path; at: LonLat }

/** How deep positions lie in the coordinates. */
const DEPTH: Record<GeometryType, number> = { Point: 0, MultiPoint: 1, LineString: 1, MultiLineString: 2, Polygon: 2, MultiPolygon: 3 };

export type Drawn = Extract<Geometry, { type: GeometryType }>;

export const isDrawn = (geometry: Geometry | null | undefined): geometry is Drawn => Boolean(geometry && geometry.type in DEPTH);

export const isArea = (type: GeometryType) => type === 'Polygon' || type === 'MultiPolygon';
export const isPoint = (type: GeometryType) => type === 'Point' || type === 'MultiPoint';

interface Part { path: Path; positions: Position[] }

/** The lists of positions that a geometry is made of: its lines, or its rings. */
function parts(geometry: Drawn): Part[] {
  const found: Part[] = [];
  const walk = (value: unknown[], path: Path, depth: number): void => {
    if (depth === 1) found.push({ path, positions: value as Position[] });
    else value.forEach((inner, i) => walk(inner as unknown[], [...path, i], depth - 1));
  };
  if (geometry.type !== 'Point') walk(geometry.coordinates, [], DEPTH[geometry.type]);
  return found;
}

/** All that can be moved; the position that closes a ring is its first one again, and not listed. */
export function vertices(geometry: Drawn): Vertex[] {
  if (geometry.type === 'Point') return [{ path: [], at: geometry.coordinates as LonLat }];
  const closed = isArea(geometry.type) ? 1 : 0;
  return parts(geometry).flatMap(({ path, positions }) => positions.slice(0, positions.length - closed).map((at, i) => ({ path: [...path, i], at: at as LonLat })));
}

/** The middle of each side, under the path that a new vertex there would have. */
export function middles(geometry: Drawn): Vertex[] {
  if (isPoint(geometry.type)) return [];
  return parts(geometry).flatMap(({ path, positions }) =>
    positions.slice(1).map((b, i) => ({ path: [...path, i + 1], at: [(positions[i]![0]! + b[0]!) / 2, (positions[i]![1]! + b[1]!) / 2] as LonLat })),
  );
}

/** The geometry with one of its lists of positions replaced by what `change` makes of it. */
function withPart(geometry: Drawn, path: Path, change: (positions: Position[], at: number) => Position[]): Drawn {
  const replace = (value: unknown, rest: Path): unknown =>
    rest.length === 1 ? change(value as Position[], rest[0]!) : (value as unknown[]).map((inner, i) => (i === rest[0] ? replace(inner, rest.slice(1)) : inner));
  return { ...geometry, coordinates: replace(geometry.coordinates, path) } as Drawn;
}

/** A ring ends where it begins. */
const close = (ring: Position[]): Position[] => [...ring, ring[0]!];

/** Edits a list of positions; of a ring, the list without the position that closes it. */
function edit(geometry: Drawn, path: Path, change: (open: Position[], at: number) => Position[]): Drawn {
  if (!isArea(geometry.type)) return withPart(geometry, path, change);
  return withPart(geometry, path, (ring, at) => close(change(ring.slice(0, -1), at)));
}

export function moved(geometry: Drawn, path: Path, to: LonLat): Drawn {
  if (geometry.type === 'Point') return { ...geometry, coordinates: to };
  return edit(geometry, path, (open, at) => open.map((position, i) => (i === at ? to : position)));
}

export function inserted(geometry: Drawn, path: Path, at: LonLat): Drawn {
  return edit(geometry, path, (open, index) => [...open.slice(0, index), at, ...open.slice(index)]);
}

/** Undefined when too few positions would be left: two make a line, three an area. */
export function removed(geometry: Drawn, path: Path): Drawn | undefined {
  const part = parts(geometry).find((candidate) => candidate.path.join() === path.slice(0, -1).join());
  const least = isArea(geometry.type) ? 5 : geometry.type === 'MultiPoint' ? 2 : 3;
  if (!part || part.positions.length < least) return undefined;
  return edit(geometry, path, (open, at) => open.filter((_, i) => i !== at));
}

/** The types that a layer's features are drawn as; more than one where it holds several kinds. */
export function kindsOf({ geometry, geometry_type: type }: Pick<Layer, 'geometry' | 'geometry_type'>): [GeometryType, ...GeometryType[]] {
  if (geometry === 'mixed' || type === 'Geometry') return ['Point', 'LineString', 'Polygon'];
  return [type ?? ({ point: 'Point', line: 'LineString', polygon: 'Polygon' } as const)[geometry]];
}

/** The kind that a type is of, as words are chosen by it. */
export const kindOf = (type: GeometryType) => (isPoint(type) ? 'point' : isArea(type) ? 'polygon' : 'line');

/** How many points a geometry of this type needs. */
export const leastPoints = (type: GeometryType) => (isPoint(type) ? 1 : isArea(type) ? 3 : 2);

/** A geometry of one part from points drawn one after the other; undefined as long as they are too few. */
export function fromPoints(type: GeometryType, points: LonLat[]): Drawn | undefined {
  if (points.length < leastPoints(type)) return undefined;
  const nested: Record<GeometryType, () => unknown> = {
    Point: () => points[0],
    MultiPoint: () => points,
    LineString: () => points,
    MultiLineString: () => [points],
    Polygon: () => [close(points)],
    MultiPolygon: () => [[close(points)]],
  };
  return { type, coordinates: nested[type]() } as Drawn;
}

export const samePath = (a: Path | undefined, b: Path | undefined) => a !== undefined && b !== undefined && a.join() === b.join();

export const sameGeometry = (a: Geometry | null | undefined, b: Geometry | null | undefined) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
