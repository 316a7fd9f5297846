import { describe, expect, it } from 'vitest';
import { comuneAsked, decode, encode, type Link } from '../src/state/permalink';

const full: Link = {
  center: [15.6512, 38.1123], zoom: 17.25, bearing: -20,
  layers: new Map([['parcels', 1], ['trees', 0.6]]),
  selected: { layer: 'parcels', id: 'X101_001200.345' },
  theme: 'dark', lang: 'en', basemap: 'catasto', panel: 'layers', comune: '080901', admin: 'audit',
};

describe('permalink', () => {
  it('keeps the whole view', () => {
    expect(decode(encode(full))).toEqual(full);
  });

  it('is readable', () => {
    expect(encode(full)).toBe(
      '#map=17.25/38.112300/15.651200/-20&layers=parcels,trees:60&sel=parcels/X101_001200.345&base=catasto&panel=layers&comune=080901&admin=audit&theme=dark&lang=en',
    );
  });

  it('carries ids with any character', () => {
    const id = 'A/1&2, 50% #3 è';
    const layers = new Map([['a:b,c', 0.35]]);
    const read = decode(encode({ selected: { layer: 'permits', id }, layers }));
    expect(read.selected).toEqual({ layer: 'permits', id });
    expect(read.layers).toEqual(layers);
  });

  it('asks for a drawing, for a code too', () => {
    for (const draw of [{ layer: 'works' }, { layer: 'works', of: 'B17G22000030006' }, { layer: 'works', of: 'a/b & c' }]) expect(decode(encode({ draw })).draw).toEqual(draw);
    expect(decode('#comune=080901&draw=works/B17G22000030006')).toEqual({ comune: '080901', draw: { layer: 'works', of: 'B17G22000030006' } });
    expect(decode('#draw=').draw).toBeUndefined();
  });

  it('opens administration by its short name, and only a comune that could be one', () => {
    expect(decode('#admin').admin).toBe('people');
    expect(decode('#comune=080902').comune).toBe('080902');
    expect(decode('#comune=Reggio').comune).toBeUndefined();
    expect(['?comune=080901', '?comune=x', ''].map(comuneAsked)).toEqual(['080901', undefined, undefined]);
  });

  it('tells no layer at all from no word about layers', () => {
    expect(decode(encode({ layers: new Map() })).layers).toEqual(new Map());
    expect(decode('#theme=light').layers).toBeUndefined();
  });

  it.each(['', '#', '#map=', '#map=abc/1/2', '#map=17/99/15', '#map=17/38/500', '#map=-3/38/15', '#sel=parcels', '#theme=pink&lang=fr', '#&&=&x'])(
    'opens a map all the same from %j',
    (hash) => {
      const link = decode(hash);
      expect(link.center).toBeUndefined();
      expect(link.selected).toBeUndefined();
      expect(link.theme).toBeUndefined();
      expect(link.lang).toBeUndefined();
    },
  );

  it('brings an opacity back into its range', () => {
    expect(decode('#layers=a:250,b:-3,c:x').layers).toEqual(new Map([['a', 1], ['b', 0], ['c', 1]]));
  });

  it('survives a broken escape', () => {
    expect(decode('#sel=parcels/%E0%A4%A').selected).toEqual({ layer: 'parcels', id: '%E0%A4%A' });
  });
});
