import type { Feature } from 'geojson';
import { describe, expect, it } from 'vitest';
import type { Card, Field, Layer } from '../src/api/contract';
import { byDetail, cardOf, featureTitle, valueText } from '../src/format/fields';

const field = (type: Field['type'], more: Partial<Field> = {}): Field => ({ name: 'f', label: { it: 'Campo', en: 'Field' }, type, ...more });
const layer = {
  id: 'buildings', title: { it: 'Fabbricati', en: 'Buildings' }, label_field: 'kind',
  fields: [
    field('text', { name: 'kind', codes: [{ value: 'church', label: { it: 'Chiesa', en: 'Church' } }] }),
    field('number', { name: 'height_m', label: { it: 'Altezza', en: 'Height' }, unit: 'm' }),
  ],
} as unknown as Layer;
const church: Feature = { type: 'Feature', id: 'X101.7', properties: { kind: 'church', height_m: 12.5, fid: 9 }, geometry: { type: 'Point', coordinates: [15, 38] } };

describe('values', () => {
  it.each([
    [null, field('text'), '–'],
    ['', field('text'), '–'],
    [0, field('integer'), '0'],
    [1984, field('integer'), '1984'],
    [12345, field('integer', { unit: 'm²' }), '12.345'],
    [12.5, field('number', { unit: 'm' }), '12,5'],
    [250000.5, field('number', { unit: '€' }), '250.000,50'],
    [250000, field('number', { unit: '€' }), '250.000'],
    [true, field('boolean'), 'sì'],
    ['2026-11-23', field('date'), '23 nov 2026'],
    [2, field('integer', { codes: [{ value: '2', label: { it: 'Seconda', en: 'Second' } }] }), 'Seconda'],
  ])('%j', (value, definition, text) => {
    expect(valueText(value, definition, 'it')).toBe(text);
  });
});

describe('a card from an item', () => {
  it('has the fields that the catalogue knows, labelled, with units and code texts', () => {
    const card = cardOf(layer, church, 'en', '/collections/buildings/items/X101.7');
    expect(card).toMatchObject({ layer: 'buildings', id: 'X101.7', title: 'Church', bbox: [15, 38, 15, 38] });
    expect(card.fields.map(({ label, text, unit }) => [label, text, unit])).toEqual([['Field', 'Church', null], ['Height', '12.5', 'm']]);
  });

  it('is called as the layer says, with codes in words and figures as they are', () => {
    const titled = { ...layer, row_title: { it: '{kind}, alta {height_m}{missing}', en: '' } };
    expect(featureTitle(titled, { ...church, properties: { kind: 'church', height_m: 1250 } }, 'it')).toBe('Chiesa, alta 1250');
  });

  it('is called by its id when it has no name', () => {
    expect(featureTitle(layer, { ...church, properties: { kind: null } }, 'it')).toBe('X101.7');
  });
});

describe('order', () => {
  it('puts what one most likely meant first', () => {
    const card = (id: string, type: string, size: number) => ({ id, bbox: [0, 0, size, size], geometry: { type } }) as unknown as Card;
    const cards = [card('comune', 'MultiPolygon', 9), card('street', 'LineString', 5), card('parcel', 'Polygon', 1), card('tree', 'Point', 0)];
    expect(byDetail(cards).map(({ id }) => id)).toEqual(['tree', 'street', 'parcel', 'comune']);
  });
});
