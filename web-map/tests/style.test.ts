import type { StyleSpecification } from 'maplibre-gl';
import { expect, test } from 'vitest';
import { compose } from '../src/map/style';

test('letters are drawn with the fonts of the page, whatever glyphs the style names for others', () => {
  const full: StyleSpecification = { version: 8, glyphs: 'https://sit.example.it/font/{fontstack}/{range}', sources: {}, layers: [] };
  expect(compose(full, { on: new Set(), opacity: new Map() })).toEqual({ version: 8, sources: {}, layers: [] });
});
