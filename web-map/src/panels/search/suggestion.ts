/** What the search box offers: an answer of the server, or a position typed as two numbers. */
import type { Catalogue, Lang, LonLat, SearchResult } from '../../api/contract';
import { plain } from '../../format/numbers';
import { locate } from '../../geo/locate';
import { parsePosition } from '../../geo/parse-coordinates';
import { translate } from '../../i18n/translate';

export interface Suggestion { title: string; subtitle: string; result?: SearchResult; point?: LonLat }

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
