/** What the portal itself draws over the data: the selected feature and the measure. Their colours stand on any theme. */
import type { Feature, FeatureCollection, Geometry } from 'geojson';
import type { GeoJSONSourceSpecification, LayerSpecification } from 'maplibre-gl';
import type { LonLat } from '../api/contract';
import type { Addition } from './style';

export const SELECTION = 'opensit-selection';
export const MEASURE = 'opensit-measure';
export const MARK = 'opensit-mark';
/** What is being drawn, and what is compared with it. */
export const SKETCH = 'opensit-sketch';

const ACCENT = '#0066cc';
const INK = '#17324d';
export const EMPTY: FeatureCollection = { type: 'FeatureCollection', features: [] };
const FONT = ['Titillium Web'];

const round = { 'line-cap': 'round', 'line-join': 'round' } as const;
const isPoint = ['==', ['geometry-type'], 'Point'] as const;

/** White halo, thick outline, dashed inner line: told apart without its colour. */
const selectionLayers = [
  { id: 'selection/fill', type: 'fill', source: SELECTION, filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': ACCENT, 'fill-opacity': 0.09 } },
  { id: 'selection/halo', type: 'line', source: SELECTION, filter: ['!', isPoint], layout: round, paint: { 'line-color': '#ffffff', 'line-width': 8, 'line-opacity': 0.9 } },
  { id: 'selection/line', type: 'line', source: SELECTION, filter: ['!', isPoint], layout: round, paint: { 'line-color': ACCENT, 'line-width': 4.5 } },
  { id: 'selection/dash', type: 'line', source: SELECTION, filter: ['!', isPoint], paint: { 'line-color': '#ffffff', 'line-width': 1.4, 'line-dasharray': [3, 2.5] } },
  { id: 'selection/point-halo', type: 'circle', source: SELECTION, filter: isPoint, paint: { 'circle-radius': 11, 'circle-color': '#ffffff', 'circle-opacity': 0.9 } },
  { id: 'selection/point', type: 'circle', source: SELECTION, filter: isPoint, paint: { 'circle-radius': 6, 'circle-color': '#ffffff', 'circle-stroke-color': ACCENT, 'circle-stroke-width': 3.5 } },
];

const measureLayers = [
  { id: 'measure/fill', type: 'fill', source: MEASURE, filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': INK, 'fill-opacity': 0.12 } },
  { id: 'measure/halo', type: 'line', source: MEASURE, filter: ['==', ['geometry-type'], 'LineString'], layout: round, paint: { 'line-color': '#ffffff', 'line-width': 6, 'line-opacity': 0.9 } },
  { id: 'measure/line', type: 'line', source: MEASURE, filter: ['==', ['geometry-type'], 'LineString'], layout: round, paint: { 'line-color': INK, 'line-width': 2.5 } },
  { id: 'measure/vertex', type: 'circle', source: MEASURE, filter: ['==', ['get', 'role'], 'vertex'], paint: { 'circle-radius': 4, 'circle-color': '#ffffff', 'circle-stroke-color': INK, 'circle-stroke-width': 2 } },
  {
    id: 'measure/label', type: 'symbol', source: MEASURE, filter: ['has', 'label'],
    layout: { 'text-field': ['get', 'label'], 'text-font': FONT, 'text-size': 14, 'text-padding': 4 },
    paint: { 'text-color': INK, 'text-halo-color': '#ffffff', 'text-halo-width': 3 },
  },
];

const geojson = (data: FeatureCollection): GeoJSONSourceSpecification => ({ type: 'geojson', data });

export function selectionData(geometry: Geometry | null | undefined): FeatureCollection {
  return geometry ? { type: 'FeatureCollection', features: [{ type: 'Feature', properties: {}, geometry }] } : EMPTY;
}

export interface MeasureDrawing {
  points: LonLat[];
  /** Close the ring and fill it. */
  polygon: boolean;
  /** Text at the middle of each side, in order. */
  labels: string[];
}

export function measureData({ points, polygon, labels }: MeasureDrawing): FeatureCollection {
  const path = polygon && points.length > 2 ? [...points, points[0]!] : points;
  const feature = (geometry: Geometry, properties: Record<string, unknown> = {}): Feature => ({ type: 'Feature', properties, geometry });
  const features: Feature[] = points.map((coordinates) => feature({ type: 'Point', coordinates }, { role: 'vertex' }));
  if (path.length > 1) features.push(feature({ type: 'LineString', coordinates: path }));
  if (polygon && points.length > 2) features.push(feature({ type: 'Polygon', coordinates: [path] }));
  labels.forEach((label, i) => {
    const [a, b] = [path[i], path[i + 1]];
    if (a && b) features.push(feature({ type: 'Point', coordinates: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] }, { label }));
  });
  return { type: 'FeatureCollection', features };
}

const ARM_PX = 8;
/** A target on the chosen place: a ring with a dot, dark on a white ground. */
const markLayers = [
  { id: 'mark/halo', type: 'circle', source: MARK, paint: { 'circle-radius': ARM_PX, 'circle-opacity': 0, 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 4.5 } },
  { id: 'mark/ring', type: 'circle', source: MARK, paint: { 'circle-radius': ARM_PX + 1, 'circle-opacity': 0, 'circle-stroke-color': INK, 'circle-stroke-width': 2.2 } },
  { id: 'mark/dot', type: 'circle', source: MARK, paint: { 'circle-radius': 2.2, 'circle-color': INK, 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 1.5 } },
];

export function markData(at: LonLat | undefined): FeatureCollection {
  return selectionData(at && { type: 'Point', coordinates: at });
}

const role = (name: string) => ['==', ['get', 'role'], name] as const;
const ofRole = (name: string, kind: 'Polygon' | 'LineString' | 'Point') => ['all', role(name), ['==', ['geometry-type'], kind]] as const;
const THEIRS = '#a0148c';

/** Ours is blue and drawn through, theirs (or what was before) violet and dashed, what is wrong is a red cross of a disc. */
const sketchLayers = [
  { id: 'sketch/theirs-fill', type: 'fill', source: SKETCH, filter: ofRole('theirs', 'Polygon'), paint: { 'fill-color': THEIRS, 'fill-opacity': 0.08 } },
  { id: 'sketch/fill', type: 'fill', source: SKETCH, filter: ofRole('mine', 'Polygon'), paint: { 'fill-color': ACCENT, 'fill-opacity': 0.14 } },
  { id: 'sketch/halo', type: 'line', source: SKETCH, filter: ['all', ['!', isPoint], ['in', ['get', 'role'], ['literal', ['mine', 'theirs']]]], layout: round, paint: { 'line-color': '#ffffff', 'line-width': 6, 'line-opacity': 0.9 } },
  { id: 'sketch/theirs', type: 'line', source: SKETCH, filter: ['all', role('theirs'), ['!', isPoint]], paint: { 'line-color': THEIRS, 'line-width': 2.5, 'line-dasharray': [2.5, 2] } },
  { id: 'sketch/line', type: 'line', source: SKETCH, filter: ['all', role('mine'), ['!', isPoint]], layout: round, paint: { 'line-color': ACCENT, 'line-width': 3 } },
  { id: 'sketch/theirs-point', type: 'circle', source: SKETCH, filter: ofRole('theirs', 'Point'), paint: { 'circle-radius': 9, 'circle-color': '#ffffff', 'circle-opacity': 0.4, 'circle-stroke-color': THEIRS, 'circle-stroke-width': 3 } },
  { id: 'sketch/middle', type: 'circle', source: SKETCH, filter: role('middle'), paint: { 'circle-radius': 4, 'circle-color': ACCENT, 'circle-opacity': 0.75, 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 1.5 } },
  { id: 'sketch/vertex', type: 'circle', source: SKETCH, filter: role('vertex'), paint: { 'circle-radius': 7, 'circle-color': '#ffffff', 'circle-stroke-color': ACCENT, 'circle-stroke-width': 3 } },
  { id: 'sketch/chosen', type: 'circle', source: SKETCH, filter: role('chosen'), paint: { 'circle-radius': 9, 'circle-color': '#ff9900', 'circle-stroke-color': INK, 'circle-stroke-width': 3 } },
  { id: 'sketch/fault', type: 'circle', source: SKETCH, filter: role('fault'), paint: { 'circle-radius': 12, 'circle-color': '#b3172e', 'circle-opacity': 0.2, 'circle-stroke-color': '#b3172e', 'circle-stroke-width': 3 } },
];

export interface Drawings { selection?: FeatureCollection; measure?: FeatureCollection; mark?: FeatureCollection; sketch?: FeatureCollection | undefined }

/** Our drawings as additions to a style, with what they show now, so that a change of style keeps them. */
export function overlay({ selection = EMPTY, measure = EMPTY, mark = EMPTY, sketch = EMPTY }: Drawings): Addition {
  return {
    sources: { [SELECTION]: geojson(selection), [MEASURE]: geojson(measure), [MARK]: geojson(mark), [SKETCH]: geojson(sketch) },
    layers: [...selectionLayers, ...measureLayers, ...markLayers, ...sketchLayers] as unknown as LayerSpecification[],
  };
}
