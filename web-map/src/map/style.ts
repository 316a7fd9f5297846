/**
 * From the server's complete style to the one the map gets: only what is switched on, the base map beneath, our own
 * drawings (selection, measure) on top. A source nobody looks at is left out, so that it costs no request.
 */
import type { FilterSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl';
import type { Catalogue } from '../api/contract';
import { rebase } from '../api/http';
import { withTiles } from './sources';
import { opacityPaint } from './opacity';

export interface Addition { sources: Record<string, SourceSpecification>; layers: LayerSpecification[] }

export interface Shown {
  /** Where tiles are known without asking: see `withTiles`. */
  catalogue?: Catalogue;
  /** The day shown, `2026-08-14`; now without. */
  day?: string;
  /** Ids of the catalogue layers that are on. */
  on: ReadonlySet<string>;
  /** 0 to 1, by catalogue layer; absent means 1. */
  opacity: ReadonlyMap<string, number>;
  basemap?: Addition;
  overlay?: Addition;
}

/** The catalogue layer that a style layer draws, or undefined for the background. */
export function catalogueLayer(layer: LayerSpecification): string | undefined {
  return (layer.metadata as Record<string, unknown> | undefined)?.['opensit:layer'] as string | undefined;
}

/** The catalogue layers that are the ground of every map. */
export function groundOf(style: StyleSpecification): Set<string> {
  const ground = style.layers.filter((layer) => (layer.metadata as Record<string, unknown> | undefined)?.['opensit:base']);
  return new Set(ground.map(catalogueLayer).filter((id) => id !== undefined));
}

const sourceOf = (layer: LayerSpecification) => ('source' in layer ? (layer.source as string) : undefined);

export function compose(full: StyleSpecification, shown: Shown): StyleSpecification {
  const wanted = new Set<string>();
  for (const layer of full.layers) {
    const id = catalogueLayer(layer);
    const source = sourceOf(layer);
    if (source && (id === undefined || shown.on.has(id))) wanted.add(source);
  }
  const layers = full.layers.filter((layer) => !sourceOf(layer) || wanted.has(sourceOf(layer)!)).map((layer) => dress(layer, shown));
  const afterBackground = layers.findIndex((layer) => layer.type !== 'background');
  const at = afterBackground < 0 ? layers.length : afterBackground;
  const sources = Object.fromEntries(Object.entries(full.sources).filter(([id]) => wanted.has(id)).map(([id, s]) => [id, here(withTiles(s, shown.catalogue, shown.day))]));
  // letters are drawn with the page's fonts: glyphs are for programs that have not got them
  const { glyphs: _, ...rest } = full;
  return {
    ...rest,
    sources: { ...sources, ...shown.basemap?.sources, ...shown.overlay?.sources },
    layers: [...layers.slice(0, at), ...(shown.basemap?.layers ?? []), ...layers.slice(at), ...(shown.overlay?.layers ?? [])],
  };
}

function dress(layer: LayerSpecification, shown: Shown): LayerSpecification {
  const id = catalogueLayer(layer);
  if (id === undefined) return layer;
  const layout = { ...layer.layout, visibility: shown.on.has(id) ? 'visible' : 'none' };
  const factor = shown.opacity.get(id) ?? 1;
  const paint = factor === 1 ? layer.paint : { ...layer.paint, ...opacityPaint(layer, factor) };
  return { ...layer, layout, ...(paint ? { paint } : {}) } as LayerSpecification;
}

/** Drawings over drawings: what comes later lies above. */
export function over(...additions: (Addition | undefined)[]): Addition {
  const there = additions.filter((addition) => addition !== undefined);
  return { sources: Object.assign({}, ...there.map(({ sources }) => sources)) as Addition['sources'], layers: there.flatMap(({ layers }) => layers) };
}

const placeOf = (layer: LayerSpecification) => (layer.metadata as Record<string, unknown> | undefined)?.['opensit:order'] as number | undefined;

/** The style in which a catalogue layer is drawn by these layers instead of its own; each takes its place in the order over all layers. */
export function drawnAs(style: StyleSpecification, id: string, drawn: LayerSpecification[]): StyleSpecification {
  const own = style.layers.findIndex((layer) => catalogueLayer(layer) === id);
  const layers = style.layers.filter((layer) => catalogueLayer(layer) !== id);
  for (const layer of drawn) {
    const order = placeOf(layer);
    const above = order === undefined ? own : layers.findIndex((other) => (placeOf(other) ?? -Infinity) > order);
    layers.splice(above < 0 ? layers.length : above, 0, layer);
  }
  return { ...style, layers };
}

/** The style with those features alone of a catalogue layer for which an expression is true. */
export function only(style: StyleSpecification, id: string, rows: FilterSpecification): StyleSpecification {
  const layers = style.layers.map((layer) => {
    if (catalogueLayer(layer) !== id) return layer;
    const own = 'filter' in layer ? layer.filter : undefined;
    return { ...layer, filter: own === undefined ? rows : ['all', own, rows] } as LayerSpecification;
  });
  return { ...style, layers };
}

/** MapLibre wants absolute addresses, and we want our own server under the name the page was loaded from. */
function here(source: SourceSpecification): SourceSpecification {
  if (!('url' in source) || typeof source.url !== 'string') return source;
  return { ...source, url: rebase(source.url) } as SourceSpecification;
}

/** Which sources draw a catalogue layer: where a change of it has to be fetched again. */
export function sourcesOf(style: StyleSpecification, layerId: string): string[] {
  const sources = style.layers.filter((layer) => catalogueLayer(layer) === layerId).map(sourceOf);
  return [...new Set(sources.filter((id) => id !== undefined))];
}
