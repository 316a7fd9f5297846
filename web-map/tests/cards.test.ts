import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Card, CardField, Catalogue, Layer } from '../src/api/contract';
import { fetchItemFor, recordUrl } from '../src/api/endpoints';
import { byModule, howMuch } from '../src/modules/cadastre/on-this';
import { cardSection } from '../src/services/registry';
import { Disclosure, SHOWN_MS } from '../src/state/disclosure.svelte';

const layer = (id: string, group: string, more: Partial<Layer> = {}) =>
  ({ id, group, title: { it: id, en: id }, geometry: 'polygon', minzoom: 0, maxzoom: 22, visible: true, fields: [], ...more }) as Layer;
const card = (of: string, id: string, overlap?: Card['overlap']): Card => ({ layer: of, id, title: id, fields: [], links: [], overlap: overlap ?? null });

describe('what lies on a parcel', () => {
  const catalogue = {
    groups: [{ id: 'cadastre', title: { it: 'Catasto', en: 'Cadastre' } }, { id: 'permits', title: { it: 'Edilizia', en: 'Permits' } }, { id: 'environment', title: { it: 'Ambiente', en: 'Environment' } }],
    layers: [layer('flood_zones', 'environment'), layer('permits', 'permits'), layer('buildings', 'cadastre'), layer('mine', 'published')],
  } as unknown as Catalogue;

  it('stands by module in the order of the layer tree, with the largest first as the server sorted it', () => {
    const cards = [card('flood_zones', 'P3'), card('flood_zones', 'P2'), card('mine', 'm'), card('permits', 'p1')];
    const found = byModule(cards, catalogue).map(({ id, layers }) => [id, layers.map((on) => on.cards.map((c) => c.id))]);
    expect(found).toEqual([['permits', [['p1']]], ['environment', [['P3', 'P2']]], ['published', [['m']]]]);
    expect(byModule([card('unknown', 'x')], catalogue)).toEqual([]);
  });

  it('is told as a share and an area, a length, or not at all', () => {
    expect(howMuch({ area_m2: 210.44, share: 0.325 }, 'it')).toBe('32,5 % · 210,4 m²');
    expect(howMuch({ area_m2: 12_345, share: 1 }, 'en')).toBe('100 % · 12,345 m² (1.23 ha)');
    expect(howMuch({ area_m2: 0.6, share: 0.0004 }, 'it')).toBe('< 0,1 % · 0,6 m²');
    expect(howMuch({ length_m: 45.25, area_m2: null, share: null }, 'en')).toBe('45.25 m');
    for (const nothing of [null, undefined, {}, { area_m2: null }]) expect(howMuch(nothing, 'it')).toBe('');
  });

  it('is asked for areas of the cadastre', () => {
    expect(cardSection(layer('parcels', 'cadastre'))).toBeDefined();
    for (const other of [layer('points', 'cadastre', { geometry: 'point' }), layer('permits', 'permits'), undefined]) expect(cardSection(other)).toBeUndefined();
  });
});

describe('the record of a feature', () => {
  it('has its address from the layer, with the id as one segment', () => {
    expect(recordUrl(layer('permits', 'permits', { page: '/permits/{id}' }), 'P 2026/1')).toBe('http://localhost/permits/P%202026%2F1');
    for (const none of [layer('trees', 'environment'), layer('trees', 'environment', { page: null }), undefined]) expect(recordUrl(none, '1')).toBeUndefined();
  });
});

describe('what is told of people', () => {
  const fields: CardField[] = [{ name: 'applicant', label: 'Richiedente', value: 'Anna', text: 'Anna' }];
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('is shown for five minutes', async () => {
    const disclosure = new Disclosure();
    await disclosure.ask(() => Promise.resolve(fields));
    expect(disclosure.fields).toEqual(fields);
    vi.advanceTimersByTime(SHOWN_MS - 1);
    expect(disclosure.fields).toEqual(fields);
    vi.advanceTimersByTime(1);
    expect([disclosure.fields, disclosure.until]).toEqual([undefined, undefined]);
    expect(SHOWN_MS).toBe(300_000);
  });

  it('is not shown when its card was left before the answer came', async () => {
    const disclosure = new Disclosure();
    let answer: (fields: CardField[]) => void = () => {};
    const asked = disclosure.ask(() => new Promise((resolve) => (answer = resolve)));
    disclosure.forget();
    answer(fields);
    await asked;
    expect(disclosure.fields).toBeUndefined();
  });

  it('is asked for with the purpose in the header, in any letters, and never in the address', async () => {
    const fetched = vi.fn((..._: [string, RequestInit]) => Promise.resolve(new Response('{"type":"Feature","properties":{},"geometry":null}')));
    vi.stubGlobal('fetch', fetched);
    await fetchItemFor(' accesso agli atti è ', 'permits', 'P1');
    const [url, request] = fetched.mock.calls[0]!;
    expect((request.headers as Record<string, string>)['Access-Purpose']).toBe('accesso%20agli%20atti%20%C3%A8');
    expect(url).toBe('http://localhost/collections/permits/items/P1?f=json');
  });
});
