import type { Feature } from 'geojson';
import type { StyleSpecification } from 'maplibre-gl';
import type { Bbox, Card, Catalogue, Coordinate, Identified, Lang, Layer, LonLat, SearchResult, Theme } from './contract';
import { get, getJson, serverUrl } from './http';

export const fetchCatalogue = (signal?: AbortSignal) => getJson<Catalogue>(serverUrl('portal/catalogue.json'), signal);

export const fetchStyle = (theme: Theme, lang: Lang, signal?: AbortSignal) =>
  getJson<StyleSpecification>(serverUrl('styles/map.json', { theme, lang }), signal);

export async function search(q: string, lang: Lang, bbox: Bbox | undefined, signal?: AbortSignal): Promise<SearchResult[]> {
  const query = { q, lang, limit: 10, bbox: bbox?.map((n) => n.toFixed(6)).join(',') };
  return (await getJson<{ results: SearchResult[] }>(serverUrl('search', query), signal)).results;
}

/** `day` is `2026-08-14`, for what was or will be valid then; now without. */
export const identify = (point: LonLat, zoom: number, layers: string[], lang: Lang, day?: string, signal?: AbortSignal) =>
  getJson<Identified>(
    serverUrl('identify', { point: point.map((n) => n.toFixed(8)).join(','), zoom: zoom.toFixed(2), layers: layers.join(','), datetime: day, lang }),
    signal,
  );

/** What lies on a feature, of all layers but the ground, each with how much of it. */
export const identifyOn = (layer: string, id: string, lang: Lang, day?: string, signal?: AbortSignal) =>
  getJson<{ cards: Card[] }>(serverUrl('identify', { feature: `${layer}/${id}`, datetime: day, lang }), signal);

/** In the systems named, or in every one that is used where the point lies. */
export async function coordinates(point: LonLat, crs: string[], signal?: AbortSignal): Promise<Coordinate[]> {
  const query = { point: point.map((n) => n.toFixed(10)).join(','), crs: crs.join(',') };
  return (await getJson<{ coordinates: Coordinate[] }>(serverUrl('coordinates', query), signal)).coordinates;
}

export const itemUrl = (layer: string, id: string) =>
  serverUrl(`collections/${encodeURIComponent(layer)}/items/${encodeURIComponent(id)}`);

export const fetchItem = (layer: string, id: string, signal?: AbortSignal, day?: string) =>
  getJson<Feature>(`${itemUrl(layer, id)}?f=json${day ? `&datetime=${day}` : ''}`, signal);

/** The page of a feature's own, where its layer has such pages. */
export const recordUrl = (layer: Layer | undefined, id: string): string | undefined =>
  layer?.page ? serverUrl(layer.page.replace('{id}', encodeURIComponent(id))) : undefined;

/** With what it tells of people, for the purpose stated, which the server notes before it answers. */
export async function fetchItemFor(purpose: string, layer: string, id: string, signal?: AbortSignal): Promise<Feature> {
  const response = await get(`${itemUrl(layer, id)}?f=json`, signal, undefined, { 'Access-Purpose': encodeURIComponent(purpose.trim()) });
  return (await response.json()) as Feature;
}

export interface ItemPage {
  features: Feature[];
  numberMatched?: number;
  numberReturned?: number;
  links?: { rel: string; href: string }[];
}

/** Which features, and in which order. Without a box, all of the layer. */
export interface ItemsQuestion { limit: number; bbox?: Bbox | undefined; order?: { field: string; descending: boolean } | undefined; comune?: string | undefined; day?: string | undefined }

export const itemsUrl = (layer: string, { limit, bbox, order, comune, day }: ItemsQuestion) =>
  serverUrl(`collections/${encodeURIComponent(layer)}/items`, {
    f: 'json', limit, comune, datetime: day, bbox: bbox?.map((n) => n.toFixed(7)).join(','), sortby: order && `${order.descending ? '-' : '+'}${order.field}`,
  });

/** A page of features; `url` is the first one's or the `next` link of the one before. */
export const fetchItems = (url: string, signal?: AbortSignal) => getJson<ItemPage>(url, signal);
