/**
 * `<opensit-map collection="parcels" bbox="w,s,e,n" item="X101_001200.345">`: one collection on a map of its
 * surroundings, for pages that are not the portal (the HTML twins of the API). `bbox` is CRS84; with `item` that feature is outlined and the map opens on it.
 * With `where` (a MapLibre expression over the properties in tiles) only the features for which it is true are drawn. Its text is in the page's language; whatever it can't draw it says in words.
 */
import type { FilterSpecification, StyleSpecification } from 'maplibre-gl';
import type { Bbox, Lang } from '../api/contract';
import { fetchItem } from '../api/endpoints';
import { getJson, serverUrl, setRoot } from '../api/http';
import { bboxOf, centre } from '../geo/bbox';
import { overlay, selectionData } from '../map/overlay';
import { compose, groundOf, only } from '../map/style';
import type { MapView } from '../map/view';
import './embed.css';

setRoot(new URL('..', import.meta.url).href);

const TEXTS: Record<Lang, { label: string; portal: string; none: string }> = {
  it: { label: 'Mappa', portal: 'Apri nel portale', none: 'La mappa ha bisogno di WebGL 2, che qui manca. I dati sono qui accanto.' },
  en: { label: 'Map', portal: 'Open in the portal', none: 'The map needs WebGL 2, which is missing here. The data are beside it.' },
};

/** Undefined unless there are four numbers in order. */
export function parseBbox(text: string | null): Bbox | undefined {
  const numbers = (text ?? '').split(',').map(Number);
  const valid = numbers.length === 4 && numbers.every(Number.isFinite) && numbers[0]! <= numbers[2]! && numbers[1]! <= numbers[3]!;
  return valid ? (numbers as Bbox) : undefined;
}

class OpensitMap extends HTMLElement {
  private view: MapView | undefined;

  connectedCallback(): void {
    void this.draw().catch((error: unknown) => this.say(error instanceof Error ? error.message : String(error)));
  }

  disconnectedCallback(): void {
    this.view?.map.remove();
    this.replaceChildren();
  }

  private get language(): Lang {
    return document.documentElement.lang.startsWith('en') ? 'en' : 'it';
  }

  private say(text: string): void {
    const paragraph = document.createElement('p');
    paragraph.textContent = text;
    this.replaceChildren(paragraph);
  }

  private async draw(): Promise<void> {
    const collection = this.getAttribute('collection');
    if (!collection) return;
    const texts = TEXTS[this.language];
    if (!document.createElement('canvas').getContext('webgl2')) return this.say(texts.none);
    const item = this.getAttribute('item');
    const [style, feature, { MapView }] = await Promise.all([
      getJson<StyleSpecification>(serverUrl('styles/map.json', { lang: this.language })),
      item ? fetchItem(collection, item).catch(() => undefined) : undefined,
      import('../map/view'),
    ]);
    const given = parseBbox(this.getAttribute('bbox'));
    const own = bboxOf(feature?.geometry);
    const box: Bbox = own ?? given ?? [6.6, 35.4, 18.6, 47.1];
    const shown = compose(style, { on: new Set([...groundOf(style), collection]), opacity: new Map(), overlay: overlay({ selection: selectionData(feature?.geometry) }) });
    const rows = this.getAttribute('where');
    const drawn = rows ? only(shown, collection, JSON.parse(rows) as FilterSpecification) : shown;
    const camera = { center: centre(box), zoom: 14, bearing: 0 };
    this.view = new MapView(this, drawn, camera, texts.label, {});
    this.view.fit(box, { top: 0, right: 0, bottom: 0, left: 0 }, 18, false);
    this.append(this.toPortal(collection, item, texts.portal));
  }

  private toPortal(collection: string, item: string | null, text: string): HTMLAnchorElement {
    const link = document.createElement('a');
    const selected = item ? `#sel=${encodeURIComponent(collection)}/${encodeURIComponent(item)}` : '';
    link.href = serverUrl('portal/') + selected;
    link.textContent = text;
    return link;
  }
}

customElements.define('opensit-map', OpensitMap);
