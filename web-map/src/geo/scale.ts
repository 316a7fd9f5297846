/** The map's scale on the ground. A CSS pixel is 1/96 inch, as CSS defines it; MapLibre's world is 512 px wide at zoom 0. */
import { FLATTENING, SEMI_MAJOR_M } from './geodesic';

const METRES_A_PIXEL_ON_PAPER = 0.0254 / 96;
const E2 = FLATTENING * (2 - FLATTENING);

/** Metres on the ground that one pixel covers from west to east, at a latitude in degrees. */
export function metresPerPixel(zoom: number, lat: number): number {
  const phi = (lat * Math.PI) / 180;
  const onEllipsoid = Math.cos(phi) / Math.sqrt(1 - E2 * Math.sin(phi) ** 2);
  return ((2 * Math.PI * SEMI_MAJOR_M) / (512 * 2 ** zoom)) * onEllipsoid;
}

/** N of 1:N. */
export function scaleDenominator(zoom: number, lat: number): number {
  return metresPerPixel(zoom, lat) / METRES_A_PIXEL_ON_PAPER;
}

export function zoomForScale(denominator: number, lat: number): number {
  return Math.log2(scaleDenominator(0, lat) / denominator);
}

/** 1, 2 or 5 times a power of ten: the largest that is not above `value`. */
export function roundDown(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const digit = value / power;
  return (digit >= 5 ? 5 : digit >= 2 ? 2 : 1) * power;
}

/** A scale as people say it: two significant digits. */
export function roundScale(denominator: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(denominator)) - 1);
  return Math.round(denominator / power) * power;
}

/** The bar's length in metres and in pixels, at most `maxPx` wide. */
export function scaleBar(zoom: number, lat: number, maxPx: number): { metres: number; px: number } {
  const perPixel = metresPerPixel(zoom, lat);
  const metres = roundDown(perPixel * maxPx);
  return { metres, px: metres / perPixel };
}
