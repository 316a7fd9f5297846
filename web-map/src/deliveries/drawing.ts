/**
 * What a delivery shows on the map: where its rows would lie, what differs, where something was found. Kinds are told apart by sign and
 * line, not by colour alone; the colours are those of Okabe and Ito, which the common colour-vision deficiencies keep apart.
 */
import type { Feature, FeatureCollection, Geometry } from 'geojson';
import type { LayerSpecification } from 'maplibre-gl';
import type { Bbox, LonLat } from '../api/contract';
import type { Example } from '../api/deliveries';
import { bboxOf, centre, union } from '../geo/bbox';
import type { Addition } from '../map/style';

export const STAGED = 'opensit-staged';

export const COLORS = { preview: '#b0246f', new: '#00805e', vanished: '#c44e00', changed: '#e0a100', before: '#6b5200', found: '#b3172e' } as const;
export const SIGNS = { new: '+', vanished: '×', changed: '~' } as const;

const none: FeatureCollection = { type: 'FeatureCollection', features: [] };
const feature = (geometry: Geometry, properties: Record<string, unknown>, id?: string | number): Feature => ({ type: 'Feature', ...(id === undefined ? {} : { id }), properties, geometry });
const middle = (geometry: Geometry): LonLat | undefined => {
  const box = bboxOf(geometry);
  return box && centre(box);
};

/** The sample, to be drawn. */
export const previewData = (sample: FeatureCollection): FeatureCollection =>
  ({ type: 'FeatureCollection', features: sample.features.filter(({ geometry }) => geometry).map(({ geometry }) => feature(geometry, { role: 'preview' })) });

/** New, vanished, and changed rows as they were and will be, with a line between where they moved. */
export function changesData(changes: FeatureCollection): FeatureCollection {
  const features: Feature[] = [];
  const was = new Map<string, Geometry>();
  for (const { id, geometry, properties } of changes.features) {
    const { difference, side, moved_m: moved } = (properties ?? {}) as { difference?: string; side?: string; moved_m?: number | null };
    if (!geometry) continue;
    const key = String(id);
    if (difference === 'changed' && side === 'before') {
      if (moved !== null && moved !== undefined) was.set(key, geometry);
      continue;
    }
    if (difference === 'changed') {
      const from = was.get(key);
      if (from) {
        features.push(feature(from, { role: 'before', row: key }));
        const ends = [middle(from), middle(geometry)];
        if (ends[0] && ends[1]) features.push(feature({ type: 'LineString', coordinates: [ends[0], ends[1]] }, { role: 'path', row: key }));
      }
    }
    if (difference === 'new' || difference === 'vanished' || difference === 'changed') {
      features.push(feature(geometry, { role: difference, row: key }));
      const at = middle(geometry);
      if (at) features.push(feature({ type: 'Point', coordinates: at }, { role: `${difference}-sign`, row: key, sign: SIGNS[difference] }));
    }
  }
  return { type: 'FeatureCollection', features };
}

/** The examples of what was found; `chosen` stands out. */
export function findingsData(examples: readonly Example[], chosen?: LonLat): FeatureCollection {
  const places = examples.flatMap(({ at }) => (at ? [at] : []));
  const same = (at: LonLat) => chosen && at[0] === chosen[0] && at[1] === chosen[1];
  return { type: 'FeatureCollection', features: places.map((at) => feature({ type: 'Point', coordinates: at }, { role: same(at) ? 'chosen' : 'found' })) };
}

export function boxOf(data: FeatureCollection): Bbox | undefined {
  return data.features.map(({ geometry }) => bboxOf(geometry)).filter((box) => box !== undefined).reduce<Bbox | undefined>((sum, box) => (sum ? union(sum, box) : box), undefined);
}

/** Of so many on, a few that lie far off do not decide what is shown. */
const MANY = 20;
const FAR_OFF = 0.03;

/** Round most of it: where a few rows lie far off, they are no reason to show half a continent. */
export function boxOfMost(data: FeatureCollection): Bbox | undefined {
  const { features } = data;
  if (features.length < MANY) return boxOf(data);
  const middles = features.map(({ geometry }) => middle(geometry)).filter((at) => at !== undefined);
  const range = (axis: 0 | 1) => {
    const sorted = middles.map((at) => at[axis]).sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
    // as wide again as most of it on either side: the edge of a town is no place far off
    const [low, high] = [at(FAR_OFF), at(1 - FAR_OFF)];
    return [low - (high - low), high + (high - low)] as const;
  };
  const [[west, east], [south, north]] = [range(0), range(1)];
  const near = features.filter(({ geometry }) => {
    const at = middle(geometry);
    return at && at[0] >= west && at[0] <= east && at[1] >= south && at[1] <= north;
  });
  return boxOf({ type: 'FeatureCollection', features: near });
}

const role = (name: string) => ['==', ['get', 'role'], name];
const kind = (name: 'Polygon' | 'LineString' | 'Point') => ['==', ['geometry-type'], name];
const round = { 'line-cap': 'round', 'line-join': 'round' };
const layer = (id: string, type: string, filter: unknown[], paint: object, layout: object = {}) => ({ id: `staged/${id}`, type, source: STAGED, filter: ['all', ...filter], paint, layout });

const notPoint = ['!', kind('Point')];

/** A fill, a halo, an outline and a disc of one role. */
function drawn(name: string, color: string, { dash, hollow = false }: { dash?: number[]; hollow?: boolean } = {}): object[] {
  return [
    layer(`${name}/fill`, 'fill', [role(name), kind('Polygon')], { 'fill-color': color, 'fill-opacity': hollow ? 0.05 : 0.28 }),
    layer(`${name}/halo`, 'line', [role(name), notPoint], { 'line-color': '#ffffff', 'line-width': 4.5, 'line-opacity': 0.75 }, round),
    layer(`${name}/line`, 'line', [role(name), notPoint], { 'line-color': color, 'line-width': 2.2, ...(dash ? { 'line-dasharray': dash } : {}) }, dash ? {} : round),
    layer(`${name}/point`, 'circle', [role(name), kind('Point')], {
      'circle-radius': ['interpolate', ['linear'], ['zoom'], 11, 3.5, 15, hollow ? 7 : 8.5], 'circle-color': hollow ? '#ffffff' : color, 'circle-opacity': hollow ? 0.55 : 1,
      'circle-stroke-color': hollow ? color : '#ffffff', 'circle-stroke-width': hollow ? 2 : 1.5,
    }),
  ];
}

const LAYERS = [
  layer('preview/fill', 'fill', [role('preview'), kind('Polygon')], { 'fill-color': COLORS.preview, 'fill-opacity': 0.2 }),
  layer('preview/halo', 'line', [role('preview'), notPoint], { 'line-color': '#ffffff', 'line-width': 3.5, 'line-opacity': 0.7 }, round),
  layer('preview/line', 'line', [role('preview'), notPoint], { 'line-color': COLORS.preview, 'line-width': 1.6 }, round),
  layer('preview/point', 'circle', [role('preview'), kind('Point')], {
    'circle-radius': ['interpolate', ['linear'], ['zoom'], 10, 2, 15, 4, 18, 6], 'circle-color': COLORS.preview, 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 1,
  }),
  ...drawn('before', COLORS.before, { dash: [2, 1.6], hollow: true }),
  layer('path', 'line', [role('path')], { 'line-color': COLORS.before, 'line-width': 2, 'line-dasharray': [1.5, 1.2] }),
  ...drawn('changed', COLORS.changed),
  ...drawn('vanished', COLORS.vanished, { dash: [3, 1.6] }),
  ...drawn('new', COLORS.new),
  layer('sign', 'symbol', [['has', 'sign']], { 'text-color': ['match', ['get', 'role'], 'changed-sign', '#17324d', '#ffffff'], 'text-halo-color': ['match', ['get', 'role'], 'new-sign', COLORS.new, 'vanished-sign', COLORS.vanished, COLORS.changed], 'text-halo-width': 1.5 }, {
    'text-field': ['get', 'sign'], 'text-font': ['Titillium Web Bold'], 'text-size': ['interpolate', ['linear'], ['zoom'], 12, 8, 15, 16], 'text-allow-overlap': true, 'text-ignore-placement': true,
  }),
  layer('found', 'circle', [role('found')], { 'circle-radius': 9, 'circle-color': COLORS.found, 'circle-opacity': 0.15, 'circle-stroke-color': COLORS.found, 'circle-stroke-width': 2.5 }),
  layer('chosen-halo', 'circle', [role('chosen')], { 'circle-radius': 16, 'circle-opacity': 0, 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 6 }),
  layer('chosen', 'circle', [role('chosen')], { 'circle-radius': 16, 'circle-color': COLORS.found, 'circle-opacity': 0.15, 'circle-stroke-color': COLORS.found, 'circle-stroke-width': 3.5 }),
] as unknown as LayerSpecification[];

/** As an addition to the map's style. */
export const staged = (data: FeatureCollection = none): Addition => ({ sources: { [STAGED]: { type: 'geojson', data } }, layers: LAYERS });
