/** A feature's properties as people read them: labels, units, code texts, dates. */
import type { Feature } from 'geojson';
import type { Card, Field, Lang, Layer } from '../api/contract';
import { bboxOf } from '../geo/bbox';
import { localized, translate } from '../i18n/translate';
import { date, number, plain } from './numbers';

/** The value as text, with its code's label; the unit is left to the caller. */
export function valueText(value: unknown, field: Field, lang: Lang): string {
  if (value === null || value === undefined || value === '') return translate(lang, 'value.none');
  const code = field.codes?.find((candidate) => String(candidate.value) === String(value));
  if (code) return localized(code.label, lang);
  switch (field.type) {
    case 'boolean': return translate(lang, value === true ? 'value.yes' : 'value.no');
    case 'date': return date(String(value), lang);
    case 'datetime': return date(String(value), lang, true);
    // Numbers that identify (years, sheet numbers) have no unit and no separators; quantities have both.
    case 'integer': return field.unit && typeof value === 'number' ? plain(value, lang) : String(value);
    // cents are two or none
    case 'number': return typeof value !== 'number' ? String(value) : field.unit === '€' && !Number.isInteger(value) ? number(value, lang, 2) : plain(value, lang);
    default: return String(value);
  }
}

/** What a feature is called: the layer's template filled in, or its label, or its id; the same as the server says on its cards. */
export function featureTitle(layer: Layer, feature: Feature, lang: Lang): string {
  const template = localized(layer.row_title, lang);
  if (template) return template.replace(/\{(\w+)\}/g, (_, name: string) => inTitle(layer, feature, name, lang));
  return (layer.label_field && inTitle(layer, feature, layer.label_field, lang)) || String(feature.id ?? feature.properties?.['id'] ?? '');
}

/** A value within a title: codes by their meaning, numbers without separators, nothing for what is missing. */
function inTitle(layer: Layer, feature: Feature, name: string, lang: Lang): string {
  const value: unknown = feature.properties?.[name];
  if (value === null || value === undefined || value === '') return '';
  const code = layer.fields.find((field) => field.name === name)?.codes?.find((candidate) => String(candidate.value) === String(value));
  return code ? localized(code.label, lang) : String(value);
}

const KINDS = ['Point', 'MultiPoint', 'LineString', 'MultiLineString'];

/** What one most likely meant comes first: points, then lines, then areas from the smallest to the one that holds them all. */
export function byDetail(cards: Card[]): Card[] {
  const rank = (card: Card) => (card.geometry && KINDS.includes(card.geometry.type) ? KINDS.indexOf(card.geometry.type) : KINDS.length);
  const size = (card: Card) => {
    const box = card.bbox ?? bboxOf(card.geometry);
    return box ? (box[2] - box[0]) * (box[3] - box[1]) : Infinity;
  };
  return [...cards].sort((a, b) => rank(a) - rank(b) || size(a) - size(b));
}

/** A card made from an item of the collection: the same as the server's, for features reached by search, list or link. */
export function cardOf(layer: Layer, feature: Feature, lang: Lang, href: string): Card {
  const properties = feature.properties ?? {};
  return {
    layer: layer.id,
    id: String(feature.id ?? properties['id'] ?? ''),
    title: featureTitle(layer, feature, lang),
    bbox: bboxOf(feature.geometry) ?? null,
    geometry: feature.geometry,
    ...(typeof properties['comune'] === 'string' ? { comune: properties['comune'] } : {}),
    fields: layer.fields.filter(({ name }) => name in properties).map((field) => ({
      name: field.name,
      label: localized(field.label, lang) || field.name,
      value: properties[field.name],
      text: valueText(properties[field.name], field, lang),
      unit: field.unit ?? null,
    })),
    links: [{ href, rel: 'canonical' }],
  };
}
