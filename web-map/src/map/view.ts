/**
 * The one wrapper around MapLibre: the rest of the portal speaks of layers, cameras and changes, and of no library.
 */
import { addProtocol, Map as MapLibre, type GeoJSONSource, type MapMouseEvent, type StyleSpecification } from 'maplibre-gl';
import type { FeatureCollection } from 'geojson';
import type { Bbox, LonLat } from '../api/contract';
import { afterOurs, rebase } from '../api/http';
import { tilesIn, withParents } from '../geo/tiles';
import { opacityPaint } from './opacity';
import { StaleTiles } from './refresh';
import { catalogueLayer } from './style';
import './worker';

/** Tiles of our own server, which may be asked to wait for our last change. */
const OURS = /\/xyz\//;

export interface Camera { center: LonLat; zoom: number; bearing: number }

/** Pixels at each edge of the map that panels cover. */
export interface Insets { top: number; right: number; bottom: number; left: number }

export interface ViewEvents {
  /** The camera is moving; called once a frame at most. */
  moving(camera: Camera): void;
  moved(camera: Camera, bbox: Bbox): void;
  pointer(at: LonLat | undefined): void;
  clicked(at: LonLat): void;
  doubleClicked(): void;
  sourceFailed(sourceId: string, reason: string): void;
  sourceLoaded(sourceId: string): void;
  idle(): void;
}

export class MapView {
  readonly map: MapLibre;
  private stale = new Map<string, StaleTiles>();
  private styled = false;
  private next: StyleSpecification | undefined;

  constructor(container: HTMLElement, style: StyleSpecification, camera: Camera, ariaLabel: string, events: Partial<ViewEvents>) {
    this.map = new MapLibre({
      container,
      style,
      center: camera.center,
      zoom: camera.zoom,
      bearing: camera.bearing,
      maxZoom: 22,
      maxPitch: 0,
      pitchWithRotate: false,
      touchPitch: false,
      attributionControl: false,
      fadeDuration: matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 200,
      refreshExpiredTiles: false,
      locale: { 'Map.Title': ariaLabel },
      transformRequest: (url, kind) => ({ url: rebase(url), ...(kind === 'Tile' && OURS.test(url) ? { headers: afterOurs() } : {}) }),
    });
    this.listen(events);
  }

  private listen(events: Partial<ViewEvents>): void {
    const { map } = this;
    const at = (event: MapMouseEvent): LonLat => [event.lngLat.lng, event.lngLat.lat];
    map.once('style.load', () => (this.styled = true));
    map.on('move', () => events.moving?.(this.camera()));
    map.on('moveend', () => {
      this.refreshReturning();
      events.moved?.(this.camera(), this.bbox());
    });
    map.on('mousemove', (event) => events.pointer?.(at(event)));
    map.on('mouseout', () => events.pointer?.(undefined));
    map.on('click', (event) => event.originalEvent.detail < 2 && events.clicked?.(at(event)));
    map.on('dblclick', () => events.doubleClicked?.());
    map.on('idle', () => events.idle?.());
    map.on('error', (event) => {
      const source = (event as { sourceId?: string }).sourceId;
      if (source) events.sourceFailed?.(source, reasonOf(event.error));
      else console.warn('map:', event.error?.message ?? event);
    });
    map.on('sourcedata', (event) => {
      if (event.tile && event.tile.state === 'loaded') events.sourceLoaded?.(event.sourceId);
    });
  }

  camera(): Camera {
    const { lng, lat } = this.map.getCenter();
    return { center: [lng, lat], zoom: this.map.getZoom(), bearing: this.map.getBearing() };
  }

  bbox(): Bbox {
    const bounds = this.map.getBounds();
    return [Math.max(-180, bounds.getWest()), bounds.getSouth(), Math.min(180, bounds.getEast()), bounds.getNorth()];
  }

  /** Only the differences from what is drawn are carried out. */
  setStyle(style: StyleSpecification): void {
    const first = this.next === undefined;
    if (this.styled) {
      this.map.setStyle(style, { diff: true, validate: false });
      return;
    }
    // A style that is still loading can't be compared: the last one asked for follows it.
    this.next = style;
    if (first) this.map.once('style.load', () => {
      const next = this.next!;
      [this.styled, this.next] = [true, undefined];
      this.setStyle(next);
    });
  }

  /** Repaints one layer without going through the whole style: for a slider under a finger. */
  setOpacity(full: StyleSpecification, layerId: string, factor: number): void {
    for (const layer of full.layers.filter((candidate) => catalogueLayer(candidate) === layerId && this.map.getLayer(candidate.id))) {
      for (const [name, value] of Object.entries(opacityPaint(layer, factor))) this.map.setPaintProperty(layer.id, name as never, value as never);
    }
  }

  setData(sourceId: string, data: FeatureCollection): void {
    void this.map.getSource<GeoJSONSource>(sourceId)?.setData(data);
  }

  jump(camera: Partial<Camera>, animate = true): void {
    if (animate) this.map.easeTo({ ...camera, duration: 180 });
    else this.map.jumpTo(camera);
  }

  /** Shows a box whole, clear of the panels; never closer than `maxZoom`. */
  fit([west, south, east, north]: Bbox, padding: Insets, maxZoom: number, animate = true): void {
    const gap = 32;
    const room = { top: padding.top + gap, right: padding.right + gap, bottom: padding.bottom + gap, left: padding.left + gap };
    this.map.fitBounds([west, south, east, north], { padding: room, maxZoom, bearing: this.map.getBearing(), duration: animate ? 180 : 0 });
  }

  /** Pans as little as needed to bring a place out from under the panels. */
  reveal(at: LonLat, covered: Insets, animate = true): void {
    const { x, y } = this.map.project(at);
    const { clientWidth, clientHeight } = this.map.getContainer();
    const margin = 48;
    const push = (value: number, low: number, high: number) => (value < low ? value - low : value > high ? value - high : 0);
    const dx = push(x, covered.left + margin, clientWidth - covered.right - margin);
    const dy = push(y, covered.top + margin, clientHeight - covered.bottom - margin);
    if (dx !== 0 || dy !== 0) this.map.panBy([dx, dy], { duration: animate ? 180 : 0 });
  }

  /** The middle of what no panel covers. */
  middle(covered: Insets): LonLat {
    const { clientWidth, clientHeight } = this.map.getContainer();
    const { lng, lat } = this.map.unproject([(covered.left + clientWidth - covered.right) / 2, (covered.top + clientHeight - covered.bottom) / 2]);
    return [lng, lat];
  }

  /** How many features a style layer draws in the view, each once however many tiles cut it; undefined where it isn't drawn at this scale. */
  count(styleLayer: string): number | undefined {
    const layer = this.map.getLayer(styleLayer);
    const zoom = this.map.getZoom();
    if (!layer || layer.isHidden(zoom)) return undefined;
    const ids = new Set<unknown>();
    for (const feature of this.map.queryRenderedFeatures({ layers: [styleLayer], validate: false })) ids.add(feature.id ?? feature.properties['id'] ?? feature);
    return ids.size;
  }

  isLoading(sourceId: string): boolean {
    return Boolean(this.map.getSource(sourceId)) && !this.map.isSourceLoaded(sourceId);
  }

  /** Fetches again what a change touches: the tiles in view now, the others when they come back. Null: the whole source. */
  refresh(sourceId: string, boxes: Bbox[] | null): void {
    if (!this.map.getSource(sourceId)) return;
    const stale = this.staleOf(sourceId);
    if (boxes === null) {
      stale.clear();
      this.map.refreshTiles(sourceId);
      return;
    }
    boxes.forEach((box) => stale.note(box));
    const loading = !this.map.isSourceLoaded(sourceId);
    this.refreshStale(sourceId);
    // An answer that was on its way when the change came may be older than it: ask once more when it is in.
    if (loading) this.map.once('idle', () => {
      boxes.forEach((box) => stale.note(box));
      this.refreshStale(sourceId);
    });
  }

  private staleOf(sourceId: string): StaleTiles {
    const known = this.stale.get(sourceId) ?? new StaleTiles();
    this.stale.set(sourceId, known);
    return known;
  }

  private refreshReturning(): void {
    for (const sourceId of this.stale.keys()) if (this.map.getSource(sourceId)) this.refreshStale(sourceId);
  }

  private refreshStale(sourceId: string): void {
    const { minzoom = 0, maxzoom = 22 } = this.map.getSource(sourceId) as { minzoom?: number; maxzoom?: number };
    const z = Math.max(minzoom, Math.min(maxzoom, Math.floor(this.map.getZoom())));
    const inView = withParents(tilesIn(this.bbox(), z), minzoom);
    const tiles = this.staleOf(sourceId).take(inView);
    if (tiles.length > 0) this.map.refreshTiles(sourceId, tiles);
  }
}

/** An HTTP answer as its status; anything else as the library words it, without the address. */
function reasonOf(error: { message: string; status?: number; statusText?: string }): string {
  return error.status ? `${error.status} ${error.statusText ?? ''}`.trim() : error.message.replace(/:? ?https?:\S+/, '');
}

/** Teaches the map a scheme of addresses, such as `pmtiles://`. */
export const registerProtocol: typeof addProtocol = addProtocol;
