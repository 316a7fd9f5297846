import type { Feature } from 'geojson';
import type { StyleSpecification } from 'maplibre-gl';
import type { Bbox, Catalogue, Coordinate, Identified, Lang, LonLat, SearchResult, Theme } from './contract';
import { getJson, serverUrl } from './http';

export const fetchCatalogue = (signal?: AbortSignal) => getJson<Catalogue>(serverUrl('portal/catalogue.json'), signal);

export const fetchStyle = (theme: Theme, lang: Lang, signal?: AbortSignal) =>
  getJson<StyleSpecification>(serverUrl('styles/map.json', { theme, lang }), signal);

export async function search(q: string, lang: Lang, bbox: Bbox | undefined, signal?: AbortSignal): Promise<SearchResult[]> {
  const query = { q, lang, limit: 10, bbox: bbox?.map((n) => n.toFixed(6)).join(',') };
  return (await getJson<{ results: SearchResult[] }>(serverUrl('search', query), signal)).results;
}

export const identify = (point: LonLat, zoom: number, layers: string[], lang: Lang, signal?: AbortSignal) =>
  getJson<Identified>(
    serverUrl('identify', { point: point.map((n) => n.toFixed(8)).join(','), zoom: zoom.toFixed(2), layers: layers.join(','), lang }),
    signal,
  );

/** In the systems named, or in every one that is used where the point lies. */
export async function coordinates(point: LonLat, crs: string[], signal?: AbortSignal): Promise<Coordinate[]> {
  const query = { point: point.map((n) => n.toFixed(10)).join(','), crs: crs.join(',') };
  return (await getJson<{ coordinates: Coordinate[] }>(serverUrl('coordinates', query), signal)).coordinates;
}

export const itemUrl = (layer: string, id: string) =>
  serverUrl(`collections/${encodeURIComponent(layer)}/items/${encodeURIComponent(id)}`);

export const fetchItem = (layer: string, id: string, signal?: AbortSignal) =>
  getJson<Feature>(`${itemUrl(layer, id)}?f=json`, signal);

export interface ItemPage {
  features: Feature[];
  numberMatched?: number;
  numberReturned?: number;
  links?: { rel: string; href: string }[];
}

/** Which features, and in which order. Without a box, all of the layer. */
export interface ItemsQuestion { limit: number; bbox?: Bbox | undefined; order?: { field: string; descending: boolean } | undefined; comune?: string | undefined }

export const itemsUrl = (layer: string, { limit, bbox, order, comune }: ItemsQuestion) =>
  serverUrl(`collections/${encodeURIComponent(layer)}/items`, {
    f: 'json', limit, comune, bbox: bbox?.map((n) => n.toFixed(7)).join(','), sortby: order && `${order.descending ? '-' : '+'}${order.field}`,
  });

/** A page of features; `url` is the first one's or the `next` link of the one before. */
export const fetchItems = (url: string, signal?: AbortSignal) => getJson<ItemPage>(url, signal);
