import type { LayerSpecification, StyleSpecification } from 'maplibre-gl';
import { describe, expect, it } from 'vitest';
import { evaluate, propertiesOf } from '../src/legend/evaluate';
import { landColor, legendEntries } from '../src/legend/entries';
import { opacityPaint, scaleOpacity } from '../src/map/opacity';
import { compose, sourcesOf } from '../src/map/style';

const legend = (it: string) => ({ it, en: it });
const layer = (id: string, type: string, more: object, meta: object = {}) =>
  ({ id, type, source: 'map', 'source-layer': id.split('/')[0], ...more, metadata: { 'opensit:layer': id.split('/')[0], ...meta } }) as unknown as LayerSpecification;
const main = ['==', ['get', 'kind'], 'main'];

const style = {
  version: 8,
  sources: { map: { type: 'vector', url: 'http://localhost/xyz/streets,land' }, trees: { type: 'vector', url: 'http://localhost/xyz/trees' } },
  layers: [
    { id: 'background', type: 'background', paint: { 'background-color': '#f6f4ef' } },
    layer('land/wood', 'fill', { filter: ['==', ['get', 'kind'], 'wood'], paint: { 'fill-color': ['match', ['get', 'kind'], ['wood', 'scrub'], '#d3e0c4', '#ffffff'], 'fill-opacity': 0.5 } }, { 'opensit:legend': legend('Bosco') }),
    layer('streets/main-casing', 'line', { filter: main, paint: { 'line-color': '#d9bd7c', 'line-width': 9 } }),
    layer('streets/main', 'line', { filter: main, paint: { 'line-color': '#fbe9c0', 'line-width': ['interpolate', ['linear'], ['zoom'], 12, 2, 18, 8] } }, { 'opensit:legend': legend('Principale') }),
    layer('streets/name', 'symbol', { filter: main, layout: { 'text-field': ['get', 'name'] }, paint: { 'text-color': '#2f2a26' } }),
    { ...layer('trees/crown', 'circle', { paint: { 'circle-color': '#5d9455', 'circle-radius': 4, 'circle-stroke-color': '#000000', 'circle-stroke-width': 1 } }), source: 'trees', layout: { visibility: 'none' } },
  ],
} as unknown as StyleSpecification;

describe('style values', () => {
  const at = { zoom: 15, properties: { kind: 'wood', floors: 3 } };
  it.each([
    ['a constant', '#ffffff', '#ffffff'],
    ['a zoom curve', ['interpolate', ['linear'], ['zoom'], 10, 0, 20, 10], 5],
    ['an exponential curve', ['interpolate', ['exponential', 2], ['zoom'], 14, 0, 16, 3], 1],
    ['a curve below its first stop', ['interpolate', ['linear'], ['zoom'], 16, 2, 20, 10], 2],
    ['a curve of colours', ['interpolate', ['linear'], ['zoom'], 10, '#aaaaaa', 20, '#bbbbbb'], '#aaaaaa'],
    ['steps', ['step', ['zoom'], 1, 14, 2, 16, 3], 2],
    ['a match', ['match', ['get', 'kind'], 'sand', 1, ['wood', 'scrub'], 2, 3], 2],
    ['the match’s default', ['match', ['get', 'other'], 'sand', 1, 3], 3],
    ['cases', ['case', ['>', ['get', 'floors'], 4], 'tall', ['==', ['get', 'kind'], 'wood'], 'wood', 'else'], 'wood'],
    ['old-style stops', { stops: [[10, 0], [20, 10]] }, 5],
    ['arithmetic', ['*', 2, ['+', ['get', 'floors'], 1]], 8],
    ['what it does not know', ['within', {}], undefined],
  ])('reads %s', (_, value, expected) => {
    expect(evaluate(value, at)).toEqual(expected);
  });

  it.each([
    [main, { kind: 'main' }],
    [['all', main, ['==', ['get', 'lanes'], 2]], { kind: 'main', lanes: 2 }],
    [['in', ['get', 'kind'], ['literal', ['main', 'motorway']]], { kind: 'main' }],
    [['match', ['get', 'kind'], ['river', 'stream'], true, false], { kind: 'river' }],
    [['==', ['geometry-type'], 'Polygon'], {}],
    [undefined, {}],
  ])('knows what passes %j', (filter, properties) => {
    expect(propertiesOf(filter)).toEqual(properties);
  });
});

describe('legend', () => {
  it('begins with what lies on top; what shares a place keeps its order', () => {
    const part = (id: string, order: number) => layer(`roads/${id}`, 'line', {}, { 'opensit:order': order, 'opensit:legend': legend(id) });
    const roads = { ...style, layers: [part('track', 400), part('alley', 410), part('lane', 410), part('motorway', 440)] } as StyleSpecification;
    expect(legendEntries(roads, 'roads').map(({ id }) => id)).toEqual(['roads/motorway', 'roads/alley', 'roads/lane', 'roads/track']);
  });

  it('has the entries that the style names, with their real symbol', () => {
    const [street] = legendEntries(style, 'streets');
    expect(street!.label).toEqual(legend('Principale'));
    expect(street!.parts).toEqual([
      { shape: 'line', color: '#d9bd7c', opacity: 1, width: 9, dash: undefined },
      { shape: 'line', color: '#fbe9c0', opacity: 1, width: 7, dash: undefined },
    ]);
    expect(legendEntries(style, 'land')[0]!.parts[0]).toMatchObject({ shape: 'fill', color: '#d3e0c4', opacity: 0.5 });
  });

  it('shows a symbol also for a layer without named entries', () => {
    expect(legendEntries(style, 'trees')[0]!.parts[0]).toMatchObject({ shape: 'circle', color: '#5d9455', stroke: '#000000', strokeWidth: 1 });
    expect(legendEntries(style, 'nothing')).toEqual([]);
  });

  it('lies on the colour of the land', () => {
    expect(landColor(style)).toBe('#f6f4ef');
  });
});

describe('the style that is drawn', () => {
  const shown = (on: string[], opacity: [string, number][] = []) => compose(style, { on: new Set(on), opacity: new Map(opacity) });

  it('leaves out sources that nobody looks at', () => {
    expect(Object.keys(shown(['streets', 'land']).sources)).toEqual(['map']);
    expect(Object.keys(shown(['trees']).sources)).toEqual(['trees']);
    expect(shown(['trees']).layers.map(({ id }) => id)).toEqual(['background', 'trees/crown']);
  });

  it('shows what is on and hides the rest of a shared source', () => {
    const visibility = Object.fromEntries(shown(['streets']).layers.map(({ id, layout }) => [id, (layout as { visibility?: string })?.visibility]));
    expect(visibility).toMatchObject({ 'land/wood': 'none', 'streets/main': 'visible' });
  });

  it('puts the base map on the ground and our drawings on top', () => {
    const addition = (id: string) => ({ sources: {}, layers: [{ id, type: 'background' } as LayerSpecification] });
    const ids = compose(style, { on: new Set(['trees']), opacity: new Map(), basemap: addition('base'), overlay: addition('top') }).layers.map(({ id }) => id);
    expect(ids).toEqual(['background', 'base', 'trees/crown', 'top']);
  });

  it('knows where a layer is drawn from', () => {
    expect(sourcesOf(style, 'streets')).toEqual(['map']);
    expect(sourcesOf(style, 'trees')).toEqual(['trees']);
  });
});

describe('opacity', () => {
  it.each([
    [undefined, 0.5],
    [0.8, 0.4],
    [['interpolate', ['linear'], ['zoom'], 10, 0, 12, 1], ['interpolate', ['linear'], ['zoom'], 10, 0, 12, 0.5]],
    [['step', ['zoom'], 1, 14, 0.5], ['step', ['zoom'], 0.5, 14, 0.25]],
    [['interpolate', ['linear'], ['zoom'], 10, ['match', ['get', 'a'], 1, 1, 0], 12, 1], ['interpolate', ['linear'], ['zoom'], 10, ['*', 0.5, ['match', ['get', 'a'], 1, 1, 0]], 12, 0.5]],
    [['get', 'o'], ['*', 0.5, ['get', 'o']]],
    [{ stops: [[10, 1], [12, 0.2]] }, { stops: [[10, 0.5], [12, 0.1]] }],
  ])('halves %j', (value, half) => {
    expect(scaleOpacity(value, 0.5)).toEqual(half);
  });

  it('touches every opacity of a kind of layer', () => {
    expect(opacityPaint(style.layers.at(-1)!, 0.5)).toEqual({ 'circle-opacity': 0.5, 'circle-stroke-opacity': 0.5 });
  });
});
