import type { SourceSpecification } from 'maplibre-gl';
import { describe, expect, it } from 'vitest';
import type { Catalogue } from '../src/api/contract';
import { itemsUrl } from '../src/api/endpoints';
import { withTiles } from '../src/map/sources';

const catalogue = {
  bbox: [15.6, 38.0, 15.7, 38.1],
  layers: [
    { id: 'water', minzoom: 0, maxzoom: 22, bbox: [15.413, 37.9, 15.8, 38.2] },
    { id: 'parcels', minzoom: 14, maxzoom: 21, bbox: null },
  ],
} as unknown as Catalogue;
const vector = (ids: string): SourceSpecification => ({ type: 'vector', url: `https://sit.example.it/gis/xyz/${ids}` });

describe('a source of the catalogue', () => {
  it('has its tiles spelt out, from the zoom at which there are any', () => {
    expect(withTiles(vector('parcels'), catalogue)).toEqual({
      type: 'vector', tiles: ['http://localhost/xyz/parcels/{z}/{x}/{y}'], minzoom: 14, maxzoom: 21, bounds: [15.6, 38, expect.closeTo(15.7, 1), expect.closeTo(38.1, 1)],
    });
  });

  it('reaches as far as any of its layers, rounded outward', () => {
    const { bounds, minzoom } = withTiles(vector('water,parcels'), catalogue) as { bounds: number[]; minzoom: number };
    expect(minzoom).toBe(0);
    expect(bounds.map((side) => Math.round(side * 100) / 100)).toEqual([15.4, 37.9, 15.8, 38.2]);
  });

  it('is left alone when the catalogue does not know it', () => {
    for (const source of [vector('parcels,secret'), { type: 'vector', url: 'pmtiles://x' } as SourceSpecification]) {
      expect(withTiles(source, catalogue)).toBe(source);
      expect(withTiles(source, undefined)).toBe(source);
    }
  });
});

describe('the question for a list', () => {
  it('says the order with its sign, which a query writes %2B', () => {
    expect(itemsUrl('parcels', { limit: 50, order: { field: 'area_m2', descending: false } })).toMatch(/sortby=%2Barea_m2$/);
    expect(itemsUrl('parcels', { limit: 50, bbox: [1, 2, 3, 4], order: { field: 'area_m2', descending: true } })).toMatch(/bbox=.*&sortby=-area_m2$/);
    expect(itemsUrl('parcels', { limit: 50 })).not.toMatch(/sortby|bbox/);
  });
});
