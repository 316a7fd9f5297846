/** Base maps by configuration: nothing, picture tiles (XYZ), a map service (WMS 1.3), or one PMTiles archive. */
import type { LayerSpecification, SourceSpecification } from 'maplibre-gl';
import type { Basemap } from '../api/contract';
import type { Addition } from './style';

const ID = 'opensit-basemap';

const picture = (source: SourceSpecification): Addition => ({
  sources: { [ID]: source },
  layers: [{ id: ID, type: 'raster', source: ID, paint: { 'raster-fade-duration': 150 } }],
});

/** A GetMap request for one tile; `{bbox-epsg-3857}` is filled in by the map. EPSG:3857 has easting first in WMS 1.3 too. */
export function wmsTileUrl(base: string, layers: string): string {
  const url = new URL(base);
  const query = {
    SERVICE: 'WMS', VERSION: '1.3.0', REQUEST: 'GetMap', LAYERS: layers, STYLES: '', CRS: 'EPSG:3857',
    WIDTH: '256', HEIGHT: '256', FORMAT: 'image/png', TRANSPARENT: 'TRUE',
  };
  const given = new Set([...url.searchParams.keys()].map((key) => key.toUpperCase()));
  for (const [key, value] of Object.entries(query)) if (!given.has(key)) url.searchParams.set(key, value);
  return `${url.href}&BBOX={bbox-epsg-3857}`;
}

export async function basemapAddition(basemap: Basemap | undefined): Promise<Addition | undefined> {
  const attribution = basemap?.attribution ?? '';
  if (!basemap?.url) return undefined;
  switch (basemap.kind) {
    case 'xyz':
      return picture({ type: 'raster', tiles: [basemap.url], tileSize: 256, attribution });
    case 'wms':
      return picture({ type: 'raster', tiles: [wmsTileUrl(basemap.url, basemap.layers ?? '')], tileSize: 256, attribution });
    case 'pmtiles':
      return archive(basemap.url, attribution);
    default:
      return undefined;
  }
}

let protocol: { add(archive: unknown): void } | undefined;

/** The archive says itself whether it holds pictures or vectors; its reader is loaded only when such a base map is chosen. */
async function archive(url: string, attribution: string): Promise<Addition> {
  const [{ PMTiles, Protocol, TileType }, { registerProtocol }] = await Promise.all([import('pmtiles'), import('./view')]);
  if (!protocol) {
    const reader = new Protocol();
    registerProtocol('pmtiles', reader.tile);
    protocol = reader as unknown as { add(archive: unknown): void };
  }
  const absolute = new URL(url, document.baseURI).href;
  const file = new PMTiles(absolute);
  protocol.add(file);
  const [header, metadata] = await Promise.all([file.getHeader(), file.getMetadata()]);
  const source = { url: `pmtiles://${absolute}`, attribution };
  if (header.tileType !== TileType.Mvt) return picture({ type: 'raster', tileSize: 256, ...source });
  const names = ((metadata as { vector_layers?: { id: string }[] }).vector_layers ?? []).map(({ id }) => id);
  return { sources: { [ID]: { type: 'vector', ...source } }, layers: names.flatMap(quiet) };
}

/** Greys and a little blue, by the names that vector base maps use for their layers; labels are left to our own layers. */
function quiet(name: string): LayerSpecification[] {
  const common = { source: ID, 'source-layer': name } as const;
  const fill = (color: string): LayerSpecification => ({
    id: `${ID}/${name}`, type: 'fill', ...common, filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': color, 'fill-opacity': 0.8 },
  });
  const line = (color: string, width: number): LayerSpecification => ({
    id: `${ID}/${name}-line`, type: 'line', ...common, filter: ['==', ['geometry-type'], 'LineString'],
    paint: { 'line-color': color, 'line-width': ['interpolate', ['exponential', 1.5], ['zoom'], 8, width / 4, 18, width * 4] },
  });
  if (/water|ocean|sea/.test(name)) return [fill('#d3e0e6'), line('#b9ced8', 1)];
  if (/building/.test(name)) return [fill('#dcd8d0')];
  if (/road|street|transport/.test(name)) return [line('#c9c4bb', 1.6)];
  if (/bound/.test(name)) return [line('#b3a5ae', 0.8)];
  if (/land|park|earth|natural/.test(name)) return [fill('#eceae2')];
  return [];
}
