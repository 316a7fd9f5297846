/** Legend entries of a catalogue layer, each with the parts of its real symbol, read from the style that the map draws. */
import type { LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { Text } from '../api/contract';
import { catalogueLayer } from '../map/style';
import { evaluate, propertiesOf } from './evaluate';

export type Part =
  | { shape: 'fill'; color: string; opacity: number; outline?: string }
  | { shape: 'line'; color: string; opacity: number; width: number; dash?: number[] }
  | { shape: 'circle'; color: string; opacity: number; radius: number; stroke?: string; strokeWidth: number }
  | { shape: 'text'; text: string; color: string; opacity: number; halo?: string; bold: boolean };

export interface Entry {
  /** The style layer that draws it. */
  id: string;
  label: Text | undefined;
  /** From the bottom to the top. */
  parts: Part[];
  minzoom: number;
}

/** Symbols are drawn as at the scale where one works, or the closest at which they are shown. */
const WORKING_ZOOM = 17;

const filterOf = (layer: LayerSpecification) => ('filter' in layer ? layer.filter : undefined);
const legendOf = (layer: LayerSpecification) =>
  (layer.metadata as Record<string, unknown> | undefined)?.['opensit:legend'] as Text | undefined;

const orderOf = (layer: LayerSpecification) =>
  ((layer.metadata as Record<string, unknown> | undefined)?.['opensit:order'] as number | undefined) ?? 0;

/** What lies on top comes first, as on paper: the motorway before the lane. Parts in one place keep the order of the style. */
export function legendEntries(style: StyleSpecification, layerId: string): Entry[] {
  const own = style.layers.filter((layer) => catalogueLayer(layer) === layerId);
  const named = own.filter((layer) => legendOf(layer));
  const shown = named.length > 0 ? named : own.filter((layer) => layer.type !== 'symbol').slice(-1);
  return (shown.length > 0 ? shown : own.slice(0, 1))
    .sort((a, b) => orderOf(b) - orderOf(a))
    .map((layer) => ({ id: layer.id, label: legendOf(layer), parts: symbolOf(layer, own), minzoom: layer.minzoom ?? 0 }))
    .filter((entry) => entry.parts.length > 0);
}

/** What symbols lie on: the colour of the map's ground. */
export function landColor(style: StyleSpecification): string {
  const background = style.layers.find((layer) => layer.type === 'background');
  return text(evaluate(background?.paint?.['background-color'], { zoom: WORKING_ZOOM, properties: {} })) ?? 'none';
}

/** A street is a casing and a fill, a building a fill and an outline: parts with the same filter belong to one symbol. */
function symbolOf(layer: LayerSpecification, own: LayerSpecification[]): Part[] {
  const filter = JSON.stringify(filterOf(layer) ?? null);
  const same = own.filter((other) => other === layer || (other.type !== 'symbol' && !legendOf(other) && JSON.stringify(filterOf(other) ?? null) === filter));
  const parts = same.map((part) => partOf(part, propertiesOf(filterOf(layer)))).filter((part) => part !== undefined);
  return parts.filter((part, i) => part.shape !== 'line' || !parts.slice(i + 1).some((above) => hides(above, part)));
}

/** Line parts that only repeat what lies over them (a wide glow, a second width for other zooms) would blur a swatch. */
const hides = (above: Part, below: Part) =>
  above.shape === 'line' && below.shape === 'line' && above.color === below.color && above.opacity === below.opacity;

function partOf(layer: LayerSpecification, properties: Record<string, unknown>): Part | undefined {
  const zoom = Math.max(layer.minzoom ?? 0, Math.min((layer.maxzoom ?? 24) - 0.01, WORKING_ZOOM));
  const paint = { ...layer.layout, ...layer.paint } as Record<string, unknown>;
  const value = (name: string) => evaluate(paint[name], { zoom, properties });
  const color = (name: string, otherwise: string) => text(value(name)) ?? otherwise;
  const number = (name: string, otherwise: number) => (typeof value(name) === 'number' ? (value(name) as number) : otherwise);
  switch (layer.type) {
    case 'fill':
      return { shape: 'fill', color: color('fill-color', '#000'), opacity: number('fill-opacity', 1), outline: text(value('fill-outline-color')) };
    case 'line': {
      const dash = value('line-dasharray');
      const width = number('line-width', 1);
      return { shape: 'line', color: color('line-color', '#000'), opacity: number('line-opacity', 1), width, dash: Array.isArray(dash) ? dash.map((n) => Number(n) * width) : undefined };
    }
    case 'circle':
      return {
        shape: 'circle', color: color('circle-color', '#000'), opacity: number('circle-opacity', 1), radius: number('circle-radius', 5),
        stroke: text(value('circle-stroke-color')), strokeWidth: number('circle-stroke-width', 0),
      };
    case 'symbol':
      return { shape: 'text', text: sample(paint['text-field']), color: color('text-color', '#000'), opacity: number('text-opacity', 1), halo: text(value('text-halo-color')), bold: /bold/i.test(JSON.stringify(paint['text-font'] ?? '')) };
    default:
      return undefined;
  }
}

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);

/** What a label looks like: figures for numbers, letters for names. */
const sample = (field: unknown) => (/number|numero|civic/i.test(JSON.stringify(field ?? '')) ? '12' : 'Abc');
