/** What lies on a feature, put in the order of the layer tree, and how much of it in words. */
import type { Card, Catalogue, Lang, Layer, Overlap } from '../../api/contract';
import { area, length, number } from '../../format/numbers';

export interface OnLayer { layer: Layer; cards: Card[] }
export interface OnModule { id: string; title: { it: string; en: string }; layers: OnLayer[] }

/** By module and layer as the catalogue has them; within a layer as the server sorted, the largest first. */
export function byModule(cards: Card[], catalogue: Catalogue | undefined): OnModule[] {
  const known = catalogue?.groups ?? [];
  const rest = [...new Set((catalogue?.layers ?? []).map(({ group }) => group))].filter((id) => !known.some((group) => group.id === id));
  const modules = [...known, ...rest.map((id) => ({ id, title: { it: id, en: id } }))];
  const layersOf = (module: string): OnLayer[] =>
    (catalogue?.layers ?? [])
      .filter(({ group }) => group === module)
      .map((layer) => ({ layer, cards: cards.filter((card) => card.layer === layer.id) }))
      .filter((on) => on.cards.length > 0);
  return modules.map(({ id, title }) => ({ id, title, layers: layersOf(id) })).filter(({ layers }) => layers.length > 0);
}

/** The least share that is written as a number, in %. */
const LEAST_PERCENT = 0.1;

/** `32,5 % · 210,4 m²`, `45,2 m`, or nothing for a point. */
export function howMuch(overlap: Overlap | null | undefined, lang: Lang): string {
  const parts: string[] = [];
  if (typeof overlap?.share === 'number') parts.push(percent(overlap.share * 100, lang));
  if (typeof overlap?.area_m2 === 'number') parts.push(area(overlap.area_m2, lang));
  else if (typeof overlap?.length_m === 'number') parts.push(length(overlap.length_m, lang));
  return parts.join(' · ');
}

function percent(value: number, lang: Lang): string {
  if (value < LEAST_PERCENT) return `< ${number(LEAST_PERCENT, lang, 1)} %`;
  return `${number(value, lang, value >= 99.95 ? 0 : 1)} %`;
}
