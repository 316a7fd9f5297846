/**
 * Sources that need no TileJSON of their own. The catalogue says from which zoom a layer has tiles and how far it reaches, so
 * that a source a layer costs no request before the first tile, and none at all at the scales where the layer is not drawn.
 */
import type { SourceSpecification } from 'maplibre-gl';
import type { Bbox, Catalogue, Layer } from '../api/contract';
import { serverUrl } from '../api/http';
import { union } from '../geo/bbox';

/** Boxes are rounded outward to this, degrees: a feature added at the edge does not make another source. */
const GRID = 0.02;

/** `/xyz/{ids}` as `{ids}`. */
const IDS = /\/xyz\/([^/?#]+)$/;

/** The source with its tiles spelt out, where it is one of the catalogue's; any other as it was. Tiles that time changes are those of `day`. */
export function withTiles(source: SourceSpecification, catalogue: Catalogue | undefined, day?: string): SourceSpecification {
  const ids = source.type === 'vector' && source.url ? IDS.exec(source.url)?.[1] : undefined;
  const layers = ids?.split(',').map((id) => catalogue?.layers.find((layer) => layer.id === decodeURIComponent(id)));
  if (!ids || !catalogue || !layers?.every((layer) => layer !== undefined)) return source;
  return {
    type: 'vector',
    tiles: [serverUrl(`xyz/${ids}/`) + `{z}/{x}/{y}${day && layers.some(({ validity }) => validity) ? `?datetime=${day}` : ''}`],
    minzoom: Math.min(...layers.map(({ minzoom }) => minzoom)),
    maxzoom: Math.max(...layers.map(({ maxzoom }) => maxzoom)),
    bounds: reach(layers, catalogue.bbox),
  };
}

/** Round the installation and what is known of the layers, on the globe. */
function reach(layers: Layer[], installation: Bbox): Bbox {
  const [west, south, east, north] = layers.reduce((box, layer) => (layer.bbox ? union(box, layer.bbox) : box), installation);
  const down = (side: number, limit: number) => Math.max(limit, Math.floor(side / GRID) * GRID);
  const up = (side: number, limit: number) => Math.min(limit, Math.ceil(side / GRID) * GRID);
  return [down(west, -180), down(south, -85.0511), up(east, 180), up(north, 85.0511)];
}
