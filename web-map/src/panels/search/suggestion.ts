/** What the search box offers: an answer of the server, a position typed as two numbers, or what a theme looks up for who says what for. */
import type { Catalogue, Lang, Layer, LonLat, SearchResult } from '../../api/contract';
import { recordUrl } from '../../api/endpoints';
import { rebase } from '../../api/http';
import { plain } from '../../format/numbers';
import { locate } from '../../geo/locate';
import { parsePosition } from '../../geo/parse-coordinates';
import { translate } from '../../i18n/translate';
import type { Inquirer } from '../../services/registry';

export interface Suggestion { title: string; subtitle: string; result?: SearchResult; point?: LonLat; inquiry?: { theme: string; text: string } }

/** What themes look up of a text, around the places that it names. */
export function around(places: Suggestion[], q: string, inquirers: Inquirer[], lang: Lang): Suggestion[] {
  const [before, after]: [Suggestion[], Suggestion[]] = [[], []];
  for (const { theme, reads, offer, hint } of inquirers) {
    const sought = reads(q);
    if (!sought) continue;
    const { text, first } = sought;
    (first ? before : after).push({ title: translate(lang, offer, { q: text }), subtitle: translate(lang, hint), inquiry: { theme, text } });
  }
  return [...before, ...places, ...after];
}

/** The page to which something leads that the map of today does not show. */
export function pageOf(result: SearchResult, layer: Layer | undefined, lang: Lang): string | undefined {
  if (!result.former && (result.bbox || result.point)) return undefined;
  const page = recordUrl(layer, result.id) ?? (result.href ? rebase(result.href) : undefined);
  if (!page) return undefined;
  const url = new URL(page);
  url.searchParams.set('lang', lang);
  return url.href;
}

/** Metres are read in the legal system; degrees as latitude and longitude, or the other way round if only that lies in the territory. */
export async function positionSuggestion(q: string, catalogue: Catalogue | undefined, lang: Lang): Promise<Suggestion | undefined> {
  const typed = parsePosition(q);
  if (!typed || !catalogue) return undefined;
  const code = typed.kind === 'metres' ? catalogue.storage_crs : 'EPSG:6706';
  const crs = catalogue.crs.find((candidate) => candidate.code === code) ?? { code, title: 'RDN2008', unit: 'degree' as const, axes: ['Lat', 'Lon'] };
  const orders: [number, number][] = [[typed.first, typed.second], [typed.second, typed.first]];
  for (const values of orders) {
    const found = await locate(values, crs, catalogue.bbox).catch(() => undefined);
    if (!found?.inside) continue;
    const position = values.map((value, i) => `${crs.axes[i]} ${plain(value, lang)}`).join(' ');
    return { title: translate(lang, 'search.goto', { position }), subtitle: crs.title, point: found.point };
  }
  return undefined;
}
