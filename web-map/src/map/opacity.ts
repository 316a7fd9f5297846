/** Making a whole layer more transparent: every opacity in its paint is multiplied, whatever form it has. */
import type { LayerSpecification } from 'maplibre-gl';

const OPACITIES: Record<string, string[]> = {
  fill: ['fill-opacity'],
  line: ['line-opacity'],
  circle: ['circle-opacity', 'circle-stroke-opacity'],
  symbol: ['text-opacity', 'icon-opacity'],
  raster: ['raster-opacity'],
  heatmap: ['heatmap-opacity'],
  'fill-extrusion': ['fill-extrusion-opacity'],
};

/**
 * `value` times `factor`. MapLibre allows a zoom curve only at the top of an expression, so its outputs are
 * multiplied one by one; any other expression is wrapped.
 */
export function scaleOpacity(value: unknown, factor: number): unknown {
  if (value === undefined || value === null) return factor;
  if (typeof value === 'number') return value * factor;
  if (!Array.isArray(value)) return scaleStops(value, factor);
  if (value[0] === 'interpolate') return value.map((part, i) => (i >= 4 && i % 2 === 0 ? scaleOpacity(part, factor) : part));
  if (value[0] === 'step') return value.map((part, i) => (i >= 2 && i % 2 === 0 ? scaleOpacity(part, factor) : part));
  return ['*', factor, value];
}

function scaleStops(value: object, factor: number): unknown {
  const stops = (value as { stops?: [unknown, number][] }).stops;
  return stops ? { ...value, stops: stops.map(([at, output]) => [at, output * factor]) } : value;
}

/** The paint properties of a style layer that carry opacity, at `factor` of what the style says. */
export function opacityPaint(layer: LayerSpecification, factor: number): Record<string, unknown> {
  const paint = (layer.paint ?? {}) as Record<string, unknown>;
  return Object.fromEntries((OPACITIES[layer.type] ?? []).map((name) => [name, scaleOpacity(paint[name], factor)]));
}
