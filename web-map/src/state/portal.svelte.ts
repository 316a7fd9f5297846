/** The portal as one object: what is loaded, what is shown, and what follows from a reader's action. */
import type { FeatureCollection } from 'geojson';
import type { LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { Bbox, Card, Catalogue, Change, Lang, Layer, LonLat, SearchResult, Theme } from '../api/contract';
import { ChangeStream, type StreamState } from '../api/changes';
import { fetchCatalogue, fetchStyle } from '../api/endpoints';
import { isAbort } from '../api/http';
import { readDraft } from '../editing/drafts';
import { bboxOf, centre } from '../geo/bbox';
import { Census, type Counts } from '../legend/census';
import { legendEntries } from '../legend/entries';
import { basemapAddition } from '../map/basemap';
import { Coalescer, type Burst } from '../map/live';
import { EMPTY, MARK, markData, MEASURE, overlay, SELECTION, selectionData, SKETCH } from '../map/overlay';
import { compose, drawnAs, over, sourcesOf, type Addition } from '../map/style';
import type { Camera, MapView } from '../map/view';
import type { Key } from '../i18n/translate';
import { registration } from '../services/registry';
import { Cards, reasonOf } from './cards.svelte';
import { LayerStates } from './layers.svelte';
import type { Inquiry } from './inquiry';
import { insetsOfPanels, PHONE_PX } from './insets';
import { Measure } from './measure.svelte';
import { today } from './day';
import { comuneAsked, decode, encode, type Link } from './permalink';
import { prefs, reduceMotion, t, tr } from './preferences.svelte';
import { Session } from './session.svelte';
import { SourceWatch } from './watch';
import { adminTab, type AdminTab, type MapTool, type Work } from './work';

export const PANELS = ['layers', 'services', 'measure', 'list', 'coordinates', 'deliveries'] as const;
export type Panel = (typeof PANELS)[number];

/** As close as a search or a row brings the reader; a point has no size to go by. */
const CLOSEST_ZOOM = 18.5;
const RETRY_MS = 4000;
/** After the last movement. */
const CENSUS_PATIENCE_MS = 1500;

class Portal {
  catalogue = $state.raw<Catalogue>();
  style = $state.raw<StyleSpecification>();
  failure = $state.raw<{ what: Key; reason: string }>();
  camera = $state.raw<Camera>({ center: [0, 0], zoom: 1, bearing: 0 });
  bbox = $state.raw<Bbox>();
  pointer = $state.raw<LonLat>();
  /** The place whose coordinates the panel lists. */
  picked = $state.raw<LonLat>();
  hasMap = $state(true);
  ready = $state(false);
  /** Everything was drawn once: before that there is nothing to count. */
  rested = false;
  panel = $state<Panel>();
  /** The theme whose panel is open among the services. */
  service = $state<string>();
  /** What is looked up in a theme's panel for a purpose. It goes with the panel, and with who asked. */
  inquiry = $state.raw<Inquiry>();
  /** The delivery of files that is open in its panel. */
  delivery = $state<string>();
  /** When both do not fit, what was asked for last lies in front. */
  front = $state<'panel' | 'cards'>('panel');
  live = $state<StreamState>('connecting');
  basemap = $state('none');
  notice = $state<string>();
  /** Grows with each change of a layer that is shown, so that lists read again. */
  revision = $state(0);
  listed = $state<string>();

  /** ISTAT code of the comune that the portal is opened for. */
  comune = $state<string>();
  home = $derived(this.catalogue?.comuni.find(({ istat }) => istat === this.comune));
  /** What an address asks to be drawn, until it is known whether they may. */
  private toDraw: Link['draw'];
  work = $state.raw<Work>();
  tool = $state.raw<MapTool>();
  sketch = $state.raw<FeatureCollection>();
  /** What a delivery of files shows over the data; and how a layer would be drawn that somebody is choosing a style for. */
  private staged: Addition | undefined;
  private tried: { layer: string; drawn: LayerSpecification[] } | undefined;
  admin = $state<AdminTab>();
  /** The day that is shown, where it is not today. */
  day = $state<string>();

  measuring = $derived(this.panel === 'measure' && this.front === 'panel');

  /** Features in view by style layer that is a legend entry; those not drawn at this scale are missing. */
  inView = $state.raw<Counts>(new Map());

  readonly layers = new LayerStates();
  readonly measure = new Measure();
  readonly session = new Session();
  readonly cards = new Cards(() => this.catalogue, () => this.day);

  /** Some layer that is on changes with time. */
  timed = $derived(this.layers.on.some((id) => this.layer(id)?.validity));

  /** The place that a cross stands on: the one whose coordinates are listed, or where the reader asked what is there. */
  marked = $derived<LonLat | undefined>(this.panel === 'coordinates' || !this.cards.open ? this.picked : this.cards.point);

  view: MapView | undefined;
  private ground: Addition | undefined;
  private readonly bursts = new Coalescer((burst) => void this.onBurst(burst));
  private readonly stream = new ChangeStream((change: Change) => this.bursts.add(change), (state) => (this.live = state));
  private readonly watch = new SourceWatch(
    (source) => this.view?.isLoading(source) ?? false,
    (source, health, reason) => this.layers.setHealth(this.layersIn(source), health, reason),
  );
  private readonly census = new Census((entry) => this.view?.count(entry), (counts) => (this.inView = counts));
  private censusTimer: ReturnType<typeof setTimeout> | undefined;
  private urlTimer: ReturnType<typeof setTimeout> | undefined;

  /** Reads the catalogue and the style at once; retries by itself until they come. */
  async start(): Promise<void> {
    const link = decode(location.hash);
    try {
      const [catalogue, style] = await Promise.all([fetchCatalogue(), fetchStyle(prefs.theme, prefs.lang)]);
      this.layers.adopt(catalogue.layers, link.layers);
      this.basemap = link.basemap ?? 'none';
      this.comune = link.comune ?? comuneAsked(location.search);
      this.admin = adminTab(link.admin);
      [this.day, this.toDraw] = [link.day, link.draw];
      if (!this.catalogue) this.openAt(catalogue, link);
      this.catalogue = catalogue;
      this.style = style;
      this.failure = undefined;
    } catch (error) {
      this.failure = { what: 'error.catalogue', reason: reasonOf(error) };
      setTimeout(() => void this.start(), RETRY_MS);
    }
  }

  private openAt(catalogue: Catalogue, link: Link): void {
    const [zoom, center] = [link.zoom ?? 14, link.center ?? centre(this.whole(catalogue))];
    this.camera = { zoom, center, bearing: link.bearing ?? 0 };
    this.bbox = this.whole(catalogue);
    const [panel, part] = (link.panel ?? '').split(':');
    if (panel && (PANELS as readonly string[]).includes(panel)) [this.panel, this[panel === 'deliveries' ? 'delivery' : 'service']] = [panel as Panel, part];
    else if (innerWidth >= PHONE_PX && !location.hash) this.panel = 'layers';
  }

  /** Called once the map exists. */
  attach(view: MapView): void {
    this.view = view;
    const link = decode(location.hash);
    this.bbox = view.bbox();
    if (!link.center && this.catalogue) view.fit(this.whole(), this.insets(), CLOSEST_ZOOM, false);
    if (link.selected) void this.select(link.selected.layer, link.selected.id, { move: !link.center, push: false });
    setInterval(() => this.watch.check(this.sourcesInUse(), performance.now()), 500);
    this.follow();
    if (this.basemap !== 'none') void this.setBasemap(this.basemap);
  }

  /** The territory that one looks at: the comune's that the portal is opened for, else all. */
  whole(catalogue = this.catalogue): Bbox {
    return catalogue?.comuni.find(({ istat }) => istat === this.comune)?.bbox ?? catalogue?.bbox ?? [-180, -85, 180, 85];
  }

  /** Everything was drawn: now there is time to ask who is looking, and to go on with what they left unsaved. */
  async settled(): Promise<void> {
    [this.ready, this.rested] = [true, true];
    this.takeCensus();
    if (this.session.asked) return;
    await this.session.load();
    this.resume();
  }

  private resume(): void {
    if (this.toDraw) return this.drawAsked(this.toDraw);
    const draft = readDraft(this.session.known?.id);
    if (!draft || !this.draws(draft.layer)) return;
    const { layer, id, of } = draft;
    this.begin({ kind: 'edit', layer, ...(id ? { id } : {}), ...(of ? { of } : {}), resumed: true });
  }

  /** Who may not yet is told so, and may once they have signed in. */
  private drawAsked(asked: { layer: string; of?: string }): void {
    if (this.draws(asked.layer)) {
      [this.toDraw, this.notice] = [undefined, undefined];
      this.begin({ kind: 'edit', ...asked });
    } else this.notice = t(this.session.known ? 'draw.not_yours' : 'draw.sign_in');
  }

  /** Whether who looks draws features of this layer, or registers records of it where they are. */
  draws(id: string): boolean {
    const layer = this.layer(id);
    return Boolean(layer?.editable || (layer?.operable && registration(id)));
  }

  /** Somebody else looks now: all that was shown is asked for anew, and nothing of before stays. */
  async renew(): Promise<void> {
    this.end();
    this.dropInquiry();
    this.admin = undefined;
    await Promise.all([this.session.load(), this.reloadCatalogue()]);
    this.stream.reopen();
    for (const source of this.sourcesInUse()) this.view?.refresh(source, null);
    this.revision += 1;
    await this.cards.again(this.camera.zoom, this.asked());
    if (this.toDraw && this.session.known) this.resume();
  }

  begin(work: Work): void {
    if (this.layers.get(work.layer)?.on === false) this.toggle(work.layer, true);
    this.work = work;
    this.front = 'cards';
  }

  /** Nothing is being worked on. */
  end(): void {
    [this.work, this.tool, this.sketch] = [undefined, undefined, undefined];
  }

  /** We changed rows of a layer in this box: it is drawn and listed anew without waiting for the stream. */
  changed(layer: string, box: Bbox | undefined): void {
    this.bursts.add({ position: '', layer, bbox: box ?? null });
    this.revision += 1;
  }

  setComune(istat: string | undefined): void {
    this.comune = istat;
    if (!istat && location.search) history.replaceState(null, '', location.pathname + location.hash);
    this.revision += 1;
    this.goTo(this.whole());
  }

  /** The map, what is asked of it and the lists are of this day; of now without. */
  async setDay(day: string | undefined): Promise<void> {
    const wanted = day === today() ? undefined : day;
    if (wanted === this.day) return;
    this.day = wanted;
    this.redraw();
    this.revision += 1;
    this.writeUrl();
    await this.cards.again(this.camera.zoom, this.asked());
  }

  openAdmin(tab: AdminTab | undefined): void {
    this.admin = tab;
    this.writeUrl();
  }

  layer(id: string): Layer | undefined {
    return this.catalogue?.layers.find((layer) => layer.id === id);
  }

  // --- what the map draws -------------------------------------------------------------------------------------------

  composed(): StyleSpecification | undefined {
    if (!this.style) return undefined;
    const drawn = overlay({ selection: this.selection(), measure: this.measure.drawing(), mark: markData(this.marked), sketch: this.sketch });
    return compose(this.tried ? drawnAs(this.style, this.tried.layer, this.tried.drawn) : this.style, {
      on: new Set(this.layers.on), ...(this.day ? { day: this.day } : {}), ...(this.catalogue ? { catalogue: this.catalogue } : {}), opacity: this.layers.shown, overlay: over(this.staged, drawn), ...(this.ground ? { basemap: this.ground } : {}),
    });
  }

  redraw(): void {
    const style = this.composed();
    if (style && this.view) this.view.setStyle(style);
  }

  /** What is being worked on is drawn by its own tool. */
  private selection(): FeatureCollection {
    return selectionData(this.work ? undefined : this.cards.selected?.geometry);
  }

  /** Draws this over the data, below what is selected; nothing without. */
  stage(addition: Addition | undefined): void {
    if (this.staged === addition) return;
    this.staged = addition;
    this.redraw();
  }

  /** Draws a layer so, as long as somebody looks how it would be; as it is declared without. */
  tryOut(tried: { layer: string; drawn: LayerSpecification[] } | undefined): void {
    if (this.tried === tried) return;
    this.tried = tried;
    this.redraw();
  }

  drawSketch(): void {
    this.view?.setData(SKETCH, this.sketch ?? EMPTY);
  }

  drawSelection(): void {
    this.view?.setData(SELECTION, this.selection());
  }

  drawMark(): void {
    this.view?.setData(MARK, markData(this.marked));
  }

  drawMeasure(): void {
    this.view?.setData(MEASURE, this.measure.drawing());
  }

  toggle(id: string, on: boolean): void {
    const state = this.layers.get(id);
    if (!state) return;
    state.on = on;
    this.redraw();
    this.follow();
    this.writeUrl();
  }

  resetLayers(): void {
    this.layers.reset(this.catalogue?.layers ?? []);
    this.redraw();
    this.follow();
    this.writeUrl();
  }

  setOpacity(id: string, opacity: number): void {
    const state = this.layers.get(id);
    if (!state || !this.style) return;
    state.opacity = opacity;
    this.view?.setOpacity(this.style, id, opacity);
    this.writeUrl();
  }

  async setBasemap(id: string): Promise<void> {
    const basemap = this.catalogue?.basemaps.find((candidate) => candidate.id === id);
    this.basemap = basemap?.id ?? 'none';
    try {
      this.ground = await basemapAddition(basemap);
    } catch (error) {
      this.ground = undefined;
      this.notice = t('basemap.failed', { name: tr(basemap?.title), reason: reasonOf(error) });
    }
    this.redraw();
    this.writeUrl();
  }

  async restyle(change: { theme?: Theme; lang?: Lang }): Promise<void> {
    if (change.theme) prefs.setTheme(change.theme);
    if (change.lang) prefs.setLang(change.lang);
    this.writeUrl();
    await this.reloadStyle();
    if (change.lang) await Promise.all([this.cards.reload(), this.session.asked && this.session.load()]);
  }

  private async reloadStyle(): Promise<void> {
    try {
      this.style = await fetchStyle(prefs.theme, prefs.lang);
      this.redraw();
    } catch (error) {
      if (!isAbort(error)) this.notice = `${t('error.style')}: ${reasonOf(error)}`;
    }
  }

  // --- sources: how they do, and what changes in them -----------------------------------------------------------------

  private sourcesInUse(): string[] {
    return this.style ? [...new Set(this.layers.on.flatMap((id) => sourcesOf(this.style!, id)))] : [];
  }

  private layersIn(source: string): string[] {
    return this.style ? this.layers.on.filter((id) => sourcesOf(this.style!, id).includes(source)) : [];
  }

  sourceFailed(source: string, reason: string): void {
    this.watch.fail(source, reason);
  }

  sourceLoaded(source: string): void {
    this.watch.succeed(source);
  }

  private follow(): void {
    this.stream.follow(this.layers.on);
  }

  /** What changed is fetched again. Where the server no longer knows what (`*`, as after its restart), that is everything drawn. */
  private async onBurst(burst: Burst): Promise<void> {
    if (burst.catalogue) {
      await this.reloadCatalogue();
      for (const layer of this.layers.on) burst.layers.set(layer, null);
    }
    const bySource = new Map<string, Bbox[] | null>();
    for (const [layer, boxes] of burst.layers) {
      for (const source of this.style ? sourcesOf(this.style, layer) : []) {
        const known = bySource.get(source);
        bySource.set(source, boxes === null || known === null ? null : [...(known ?? []), ...boxes]);
      }
    }
    for (const [source, boxes] of bySource) this.view?.refresh(source, boxes);
    const selected = this.cards.selected;
    if (selected && burst.layers.has(selected.layer)) await this.cards.reload();
    if (this.panel === 'services' || (this.listed && burst.layers.has(this.listed))) this.revision += 1;
  }

  /** Layers came, went, or are shown otherwise. */
  async reloadCatalogue(): Promise<void> {
    try {
      const [catalogue, style] = await Promise.all([fetchCatalogue(), fetchStyle(prefs.theme, prefs.lang)]);
      this.layers.adopt(catalogue.layers);
      this.catalogue = catalogue;
      this.style = style;
      this.redraw();
      this.follow();
    } catch (error) {
      this.notice = `${t('error.catalogue')}: ${reasonOf(error)}`;
    }
  }

  /** The map has come to rest, or the legend was opened. Layers that are still on their way are not counted: nobody knows yet. */
  takeCensus(): void {
    clearTimeout(this.censusTimer);
    const { panel, style, view } = this;
    if (panel !== 'layers' || !style || !view) return;
    const there = (id: string) => sourcesOf(style, id).every((source) => !view.isLoading(source));
    const drawn = this.layers.on.filter((id) => (this.layer(id)?.minzoom ?? 0) <= this.camera.zoom && there(id));
    this.census.take(drawn.flatMap((id) => legendEntries(style, id).map((entry) => entry.id)));
  }

  /** The map moves. A layer that never answers keeps it from coming to rest: the others are counted after a while all the same. */
  stopCensus(): void {
    this.census.stop();
    clearTimeout(this.censusTimer);
    this.censusTimer = setTimeout(() => this.takeCensus(), CENSUS_PATIENCE_MS);
  }

  // --- what a reader does ---------------------------------------------------------------------------------------------

  clicked(at: LonLat): void {
    if (this.tool) this.tool.clicked(at);
    else if (this.measuring) this.measure.add(at);
    else if (this.panel === 'coordinates' && this.front === 'panel') this.picked = at;
    else void this.ask(at);
  }

  /** The layers that a question at a point is about: those on and drawn at this scale. */
  private asked(): string[] {
    return this.layers.on.filter((id) => (this.layer(id)?.minzoom ?? 0) <= this.camera.zoom + 0.001);
  }

  async ask(at: LonLat): Promise<void> {
    this.front = 'cards';
    if (this.work?.kind === 'history') this.end();
    await this.cards.at(at, this.camera.zoom, this.asked());
    this.view?.reveal(at, this.insets(), !reduceMotion());
    this.writeUrl();
  }

  /** Opens a feature's card, switches its layer on, and goes there. */
  async select(layerId: string, id: string, how: { move?: boolean; push?: boolean; near?: SearchResult } = {}): Promise<Card | undefined> {
    const { move = true, push = true, near } = how;
    if (move && push) this.writeUrl(true);
    if (this.layers.get(layerId)?.on === false) this.toggle(layerId, true);
    this.front = 'cards';
    const card = await this.cards.show(layerId, id, near?.title);
    const box = card?.bbox ?? bboxOf(card?.geometry) ?? near?.bbox ?? (near?.point ? [...near.point, ...near.point] as Bbox : undefined);
    if (move && box) this.goTo(box, false);
    else this.writeUrl();
    return card;
  }

  /** A jump that the back button undoes. */
  goTo(box: Bbox, push = true): void {
    if (push) this.writeUrl(true);
    this.bbox = this.view ? this.bbox : box;
    this.view?.fit(box, this.insets(), CLOSEST_ZOOM, !reduceMotion());
  }

  goToPoint(point: LonLat): void {
    this.closeCards();
    this.picked = point;
    this.goTo([...point, ...point] as Bbox);
  }

  zoomBy(steps: number): void {
    this.view?.jump({ zoom: this.camera.zoom + steps }, !reduceMotion());
  }

  openPanel(panel: Panel | undefined): void {
    if (this.panel === 'coordinates' && panel !== 'coordinates') this.picked = undefined;
    if (panel !== 'services') this.dropInquiry();
    this.panel = panel;
    this.front = panel ? 'panel' : 'cards';
    this.writeUrl();
  }

  /** A delivery of files, or all of them. */
  openDelivery(id: string | undefined): void {
    this.delivery = id;
    this.openPanel('deliveries');
  }

  /** A theme's panel, or all of them. */
  openService(theme: string | undefined): void {
    this.dropInquiry();
    this.service = theme;
    this.openPanel('services');
  }

  /** Looks something up in a theme's own register. */
  inquire(theme: string, text: string): void {
    this.openService(theme);
    this.inquiry = { theme, text };
  }

  private dropInquiry(): void {
    this.inquiry?.kept?.forget();
    this.inquiry = undefined;
  }

  closeCards(): void {
    this.cards.close();
    this.front = 'panel';
    this.writeUrl();
  }

  // --- the address ------------------------------------------------------------------------------------------------------

  /** Which of a panel's parts is open. */
  private part(): string | undefined {
    return this.panel === 'services' ? this.service : this.panel === 'deliveries' ? this.delivery : undefined;
  }

  link(): Link {
    const { camera, cards } = this;
    return {
      ...camera, layers: this.layers.shown, basemap: this.basemap, theme: prefs.theme, lang: prefs.lang,
      ...(this.panel ? { panel: [this.panel, ...(this.part() ? [this.part()] : [])].join(':') } : {}),
      ...(this.comune ? { comune: this.comune } : {}),
      ...(this.admin ? { admin: this.admin } : {}),
      ...(this.day ? { day: this.day } : {}),
      ...(this.toDraw ? { draw: this.toDraw } : {}),
      ...(cards.selected ? { selected: { layer: cards.selected.layer, id: cards.selected.id } } : {}),
    };
  }

  /** Replaces the address shortly after the last change; `push` keeps the present one for the back button. */
  writeUrl(push = false): void {
    if (!this.ready) return;
    clearTimeout(this.urlTimer);
    const write = () => history.replaceState(null, '', encode(this.link()));
    if (!push) {
      this.urlTimer = setTimeout(write, 250);
      return;
    }
    write();
    history.pushState(null, '', location.hash);
  }

  /** The reader went back, or typed another address. */
  async readUrl(): Promise<void> {
    const link = decode(location.hash);
    const restyle = (link.theme && link.theme !== prefs.theme) || (link.lang && link.lang !== prefs.lang);
    prefs.adopt(link.lang, link.theme);
    this.admin = adminTab(link.admin);
    this.comune = link.comune ?? comuneAsked(location.search);
    if (link.day !== this.day) [this.day, this.revision] = [link.day, this.revision + 1];
    if (link.layers) this.layers.apply(link.layers);
    this.toDraw = link.draw;
    if (restyle) await this.reloadStyle();
    else this.redraw();
    this.follow();
    if (link.basemap !== undefined && link.basemap !== this.basemap) await this.setBasemap(link.basemap);
    if (link.center && link.zoom !== undefined) this.view?.jump({ center: link.center, zoom: link.zoom, bearing: link.bearing ?? 0 }, false);
    if (link.draw && this.session.asked) return this.drawAsked(link.draw);
    const { selected } = this.cards;
    if (!link.selected) this.cards.close();
    else if (selected?.id !== link.selected.id || selected.layer !== link.selected.layer) {
      await this.select(link.selected.layer, link.selected.id, { move: false, push: false });
    }
  }

  insets = insetsOfPanels;

  /** Where a thing is put without pointing: the middle of the map, on a phone of what its sheet leaves of it. */
  middle(): LonLat {
    return innerWidth < PHONE_PX && this.view ? this.view.middle(this.insets()) : this.camera.center;
  }
}

export const portal = new Portal();
