/** Changing features: OGC API Features part 4, with what was read before as the condition. */
import type { Feature } from 'geojson';
import { itemUrl } from './endpoints';
import { get, send, serverUrl, wrote } from './http';

/** A feature and the tag of the state it is in. */
export interface Tagged { feature: Feature; etag: string }

export async function readTagged(layer: string, id: string): Promise<Tagged> {
  const response = await get(`${itemUrl(layer, id)}?f=json`);
  return { feature: (await response.json()) as Feature, etag: response.headers.get('ETag') ?? '' };
}

/** `key` makes trying again safe: the same change with the same key is done once. */
export interface How { reason: string; key: string; etag?: string | undefined }

const GEOJSON = { 'Content-Type': 'application/geo+json' };
const MERGE = { 'Content-Type': 'application/merge-patch+json' };

const headers = ({ reason, key, etag }: How): Record<string, string> => ({
  'Idempotency-Key': key,
  ...(reason.trim() ? { 'Change-Reason': encodeURIComponent(reason.trim()) } : {}),
  ...(etag ? { 'If-Match': etag } : {}),
});

const itemsUrl = (layer: string) => serverUrl(`collections/${encodeURIComponent(layer)}/items`);

async function answered(request: Promise<Response>): Promise<Response> {
  const response = await request;
  wrote(response.headers.get('Change-Position'));
  return response;
}

export async function createFeature(layer: string, feature: Feature, how: How): Promise<Feature> {
  return (await (await answered(send('POST', itemsUrl(layer), feature, { ...headers(how), ...GEOJSON }))).json()) as Feature;
}

/** Registers a record by its theme's operation; what is wrong is said in the language asked for. Resolves to the record. */
export async function register(path: string, lang: string, values: Record<string, unknown>, how: How): Promise<Record<string, unknown>> {
  return (await (await answered(send('POST', serverUrl(path, { lang }), values, headers(how)))).json()) as Record<string, unknown>;
}

/** Only what is named changes. */
export async function patchFeature(layer: string, id: string, patch: Partial<Feature>, how: How): Promise<void> {
  await answered(send('PATCH', itemUrl(layer, id), patch, { ...headers(how), ...MERGE }));
}

export async function deleteFeature(layer: string, id: string, how: How): Promise<void> {
  await answered(send('DELETE', itemUrl(layer, id), undefined, headers(how)));
}

export interface Version {
  version: number;
  /** What made this version. */
  operation: 'create' | 'update' | 'delete';
  current: boolean;
  /** Unknown for what was there before changes were recorded. */
  at?: string | null;
  by?: string | null;
  reason?: string | null;
  changed?: string[] | null;
  feature?: Feature | null;
}

/** Newest first. */
export async function fetchHistory(layer: string, id: string): Promise<Version[]> {
  return ((await (await get(`${itemUrl(layer, id)}/history`)).json()) as { versions: Version[] }).versions;
}

/** Makes a former state the present one. Without a tag the feature is one that was deleted. */
export async function restoreVersion(layer: string, id: string, version: number, how: How): Promise<void> {
  const condition: Record<string, string> = how.etag ? {} : { 'If-None-Match': '*' };
  await answered(send('POST', `${itemUrl(layer, id)}/history/${version}/restore`, undefined, { ...headers(how), ...condition }));
}

/** 128 random bits, also where the page is not a secure context. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
