/** The screen on which one says where: one's position, an address, or a map under a pin that stands still; each is enough. */
import type { StyleSpecification } from 'maplibre-gl';
import type { Bbox, LonLat } from '../api/contract';
import type { MapView } from '../map/view';
import { find, near, root, serverUrl } from './desk';
import { element } from './dom';
import type { Texts } from './texts';

export interface Place { node: HTMLElement; close(): void }

/** `chosen` is called with the place when "it is here" is pressed. */
export function placeScreen(texts: Texts, ground: Bbox, start: LonLat | undefined, fromPhoto: boolean, chosen: (point: LonLat, address: string | null) => void): Place {
  let point = start;
  let address: string | null = null;
  let view: MapView | undefined;
  let asked = 0;
  const live = element('p', { class: 'live', role: 'status' }, fromPhoto ? texts.fromPhoto : '');
  const here = element('button', { class: 'primary', type: 'button', disabled: !point, click: () => point && chosen(point, address) }, texts.here);
  const input = element('input', { id: 'where', type: 'text', autocomplete: 'street-address', enterkeyhint: 'search' });
  const map = element('div', { class: 'pick', hidden: true });

  async function at(next: LonLat, move = true): Promise<void> {
    point = next;
    here.disabled = false;
    if (move) view?.map.jumpTo({ center: next, zoom: Math.max(17, view.map.getZoom()) });
    const turn = ++asked;
    const found = await near(next).catch(() => undefined);
    if (turn !== asked) return;
    address = found?.address ?? null;
    live.textContent = address ?? `${texts.noAddress} (${next[1].toFixed(5)}, ${next[0].toFixed(5)})`;
  }

  function mine(): void {
    const lost = () => (live.textContent = texts.noPlace);
    if (!navigator.geolocation) return void lost();
    navigator.geolocation.getCurrentPosition((found) => void at([found.coords.longitude, found.coords.latitude]), lost, { enableHighAccuracy: true, timeout: 15_000 });
  }

  async function search(event: Event): Promise<void> {
    event.preventDefault();
    if (!input.value.trim()) return;
    const found = await find(input.value).catch(() => undefined);
    if (found) await at(found);
    else live.textContent = texts.notFound;
  }

  async function draw(): Promise<void> {
    if (!document.createElement('canvas').getContext('webgl2')) return;
    const [style, { setRoot }, { compose, groundOf }, { MapView: View }] = await Promise.all([
      fetch(serverUrl('styles/map.json', { lang: document.documentElement.lang })).then((response) => response.json() as Promise<StyleSpecification>),
      import('../api/http'),
      import('../map/style'),
      import('../map/view'),
    ]);
    if (!map.isConnected) return;
    setRoot(root);
    map.hidden = false;
    const shown = compose(style, { on: groundOf(style), opacity: new Map() });
    const moved = (camera: { center: LonLat }, byHand: boolean) => byHand && void at(camera.center, false);
    let ready = false;
    view = new View(map, shown, { center: point ?? [(ground[0] + ground[2]) / 2, (ground[1] + ground[3]) / 2], zoom: point ? 17 : 15, bearing: 0 }, texts.map, {
      moving: () => (ready = true),
      moved: (camera) => moved(camera, ready),
    });
    map.append(element('span', { class: 'pin', 'aria-hidden': 'true' }), element('p', { class: 'hint' }, texts.pan));
  }

  const node = element(
    'div', {},
    map,
    live,
    element('p', { class: 'actions' }, here, element('button', { type: 'button', click: mine }, texts.mine)),
    element('form', { class: 'find', submit: (event) => void search(event) }, element('label', { for: 'where' }, texts.address), input, element('button', {}, texts.find)),
  );
  queueMicrotask(() => {
    if (point) void at(point);
    void draw().catch(() => map.remove());
  });
  return { node, close: () => view?.map.remove() };
}
