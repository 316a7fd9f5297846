/** The cards in the drawer: what lies at a point, or one feature reached by search, list or link. */
import type { Card, Catalogue, LonLat } from '../api/contract';
import { fetchItem, identify, itemUrl } from '../api/endpoints';
import { isAbort, RequestFailed, saidBy } from '../api/http';
import { byDetail, cardOf } from '../format/fields';
import { prefs, t, tr } from './preferences.svelte';

export class Cards {
  open = $state(false);
  loading = $state(false);
  problem = $state<string>();
  /** Where the reader asked; undefined when a feature was chosen by name. */
  point = $state.raw<LonLat>();
  list = $state.raw<Card[]>([]);
  current = $state(0);
  selected = $derived<Card | undefined>(this.open ? this.list[this.current] : undefined);

  private running: AbortController | undefined;

  constructor(private readonly catalogue: () => Catalogue | undefined, private readonly day: () => string | undefined = () => undefined) {}

  async at(point: LonLat, zoom: number, layers: string[]): Promise<void> {
    this.begin(point);
    await this.load(async (signal) => (layers.length > 0 ? byDetail((await identify(point, zoom, layers, prefs.lang, this.day(), signal)).cards) : []));
  }

  /** Opens one feature, under the name by which it was found; resolves to its card, or undefined when it is gone. */
  async show(layerId: string, id: string, title?: string): Promise<Card | undefined> {
    this.begin(undefined);
    await this.load(async (signal) => {
      const card = await this.fetch(layerId, id, signal);
      return [title ? { ...card, title } : card];
    });
    return this.selected;
  }

  /** Reads the selected feature again, after a change or in another language; the drawer does not flicker. */
  async reload(): Promise<void> {
    const card = this.selected;
    if (!card) return;
    try {
      const fresh = await this.fetch(card.layer, card.id);
      this.list = this.list.map((old) => (old === card ? { ...fresh, fid: old.fid ?? null, distance_m: old.distance_m ?? null } : old));
    } catch (error) {
      if (error instanceof Gone) this.problem = error.message;
    }
  }

  /** The same question as somebody else, or what was chosen by name; nothing of the old answer stays. */
  async again(zoom: number, layers: string[]): Promise<void> {
    const { open, point, selected } = this;
    this.list = [];
    if (open && point) await this.at(point, zoom, layers);
    else if (open && selected) await this.show(selected.layer, selected.id);
  }

  close(): void {
    this.running?.abort();
    this.open = false;
    this.list = [];
    this.point = undefined;
    this.problem = undefined;
  }

  private begin(point: LonLat | undefined): void {
    this.point = point;
    this.open = true;
    this.problem = undefined;
    this.current = 0;
  }

  private async fetch(layerId: string, id: string, signal?: AbortSignal): Promise<Card> {
    const layer = this.catalogue()?.layers.find((candidate) => candidate.id === layerId);
    if (!layer) throw new Gone(this.gone(layerId, id));
    try {
      return cardOf(layer, await fetchItem(layerId, id, signal, layer.validity ? this.day() : undefined), prefs.lang, itemUrl(layerId, id));
    } catch (error) {
      throw error instanceof RequestFailed && error.status === 404 ? new Gone(this.gone(layerId, id)) : error;
    }
  }

  private gone(layerId: string, id: string): string {
    const layer = this.catalogue()?.layers.find((candidate) => candidate.id === layerId);
    return t('cards.gone', { id, layer: layer ? tr(layer.title) : layerId });
  }

  private async load(read: (signal: AbortSignal) => Promise<Card[]>): Promise<void> {
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    this.loading = true;
    try {
      this.list = await read(running.signal);
    } catch (error) {
      if (isAbort(error)) return;
      this.list = [];
      this.problem = error instanceof Gone ? error.message : t('cards.failed', { reason: reasonOf(error) });
    } finally {
      if (this.running === running) this.loading = false;
    }
  }
}

/** The feature was deleted, or this reader may not see it: from outside the two look the same. */
class Gone extends Error {}

/** Why a request failed, in the reader's language where the server has it, and when it said nothing. */
export function reasonOf(error: unknown): string {
  if (error instanceof RequestFailed && error.status === 0) return t('error.network');
  if (error instanceof RequestFailed) return saidBy(error.problem, prefs.lang) ?? error.message;
  return error instanceof Error ? error.message : String(error);
}
