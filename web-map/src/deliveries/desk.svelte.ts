/** A delivery that somebody is at work on: it is followed while the program is, and what they change in its plan is kept as they go. */
import type { FeatureCollection } from 'geojson';
import type { LonLat } from '../api/contract';
import {
  cancel, compare, fetchChanges, fetchDelivery, fetchPreview, load, look, putPlan, putToml, undo, type Delivery, type Mode, type PlanFile, type Preview,
} from '../api/deliveries';
import { isAbort, RequestFailed } from '../api/http';
import { reasonOf } from '../state/cards.svelte';
import { prefs, reduceMotion } from '../state/preferences.svelte';
import { portal } from '../state/portal.svelte';
import { boxOf, boxOfMost, changesData, findingsData, previewData, staged } from './drawing';
import { faultsOf, isUndecided, placing, tidy, type Faults } from './plan';

const AGAIN_MS = 1000;
/** After the last key, before a change is sent. */
const PAUSE_MS = 600;
const CLOSEST_ZOOM = 19;

const WORKING = new Set(['looking', 'comparing', 'loading']);

export class Desk {
  delivery = $state.raw<Delivery>();
  /** The plan with what was changed and is not sent yet. */
  plan = $state.raw<PlanFile>();
  faults = $state.raw<Faults>({});
  saving = $state(false);
  problem = $state('');
  /** The last request for news was not answered. */
  lost = $state(false);
  sample = $state.raw<Preview>();
  changes = $state.raw<FeatureCollection>();
  chosen = $state.raw<LonLat>();

  working = $derived(Boolean(this.delivery && WORKING.has(this.delivery.state)));

  /** There is a plan, and it may be changed. */
  plannable = $derived(Boolean(this.delivery?.plan && ['planned', 'failed', 'cancelled'].includes(this.delivery.state)));

  private timer: ReturnType<typeof setTimeout> | undefined;
  private pause: ReturnType<typeof setTimeout> | undefined;
  private sending: Promise<void> = Promise.resolve();
  private edits = 0;
  private closed = false;
  private drawing = new AbortController();
  private drawn = '';

  constructor(readonly id: string) {
    void this.follow();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.drawing.abort();
    if (this.pause) void this.save();
    portal.stage(undefined);
  }

  private async follow(): Promise<void> {
    clearTimeout(this.timer);
    try {
      this.adopt(await fetchDelivery(this.id));
      this.lost = false;
    } catch (error) {
      if (error instanceof RequestFailed && error.status === 0 && this.delivery) this.lost = true;
      else if (!isAbort(error)) this.problem = reasonOf(error);
      if (!this.delivery) return;
    }
    if (!this.closed && (this.working || this.lost)) this.timer = setTimeout(() => void this.follow(), AGAIN_MS);
  }

  private adopt(delivery: Delivery): void {
    const [before, edited] = [this.delivery?.state, this.pause !== undefined];
    this.delivery = delivery;
    if (!edited && delivery.plan) this.plan = delivery.plan;
    if (this.closed) return;
    if (delivery.state === 'loaded' && before !== undefined && before !== 'loaded') void this.arrived(delivery);
    void this.draw();
  }

  /** Rows came to the map: it is read anew, the layer switched on and shown whole. */
  private async arrived({ layer }: Delivery): Promise<void> {
    await portal.reloadCatalogue();
    if (!layer) return;
    portal.toggle(layer, true);
    portal.changed(layer, undefined);
    const box = portal.layer(layer)?.bbox;
    if (box && this.delivery?.mode === 'create') portal.goTo(box);
  }

  // --- the plan ---------------------------------------------------------------------------------------------------------

  /** Takes a change over, and sends it when no other followed for a moment. */
  change(plan: PlanFile): void {
    this.plan = plan;
    this.edits += 1;
    clearTimeout(this.pause);
    this.pause = setTimeout(() => void this.save(), PAUSE_MS);
  }

  /** Sends what was changed; resolves to whether the server took it. */
  async save(): Promise<boolean> {
    clearTimeout(this.pause);
    this.pause = undefined;
    this.sending = this.sending.then(() => this.put());
    await this.sending;
    return Object.keys(this.faults).length === 0;
  }

  private async put(): Promise<void> {
    const { plan, edits } = this;
    if (!plan || plan === this.delivery?.plan) return;
    this.saving = true;
    try {
      const delivery = await putPlan(this.id, tidy(plan));
      this.faults = {};
      // what was typed meanwhile is newer
      if (edits === this.edits) this.adopt(delivery);
      else this.delivery = delivery;
    } catch (error) {
      this.blame(error, plan);
    } finally {
      this.saving = false;
    }
  }

  private blame(error: unknown, plan: PlanFile): void {
    if (error instanceof RequestFailed && error.status !== 0) this.faults = faultsOf(error.problem.detail ? error.problem : { detail: error.message }, plan, prefs.lang);
    else this.faults = { '': reasonOf(error) };
  }

  async takeToml(text: string): Promise<void> {
    try {
      this.faults = {};
      this.adopt(await putToml(this.id, text));
    } catch (error) {
      if (this.plan) this.blame(error, this.plan);
    }
  }

  // --- what the program is asked to do ----------------------------------------------------------------------------------

  private async ask(what: () => Promise<unknown>): Promise<void> {
    this.problem = '';
    try {
      await what();
    } catch (error) {
      this.problem = reasonOf(error);
    }
    await this.follow();
  }

  look = (layer: string) => this.ask(() => look(this.id, { source_layer: layer }));
  cancel = () => this.ask(() => cancel(this.id));

  async compare(keepVanished: boolean): Promise<void> {
    if (await this.save()) await this.ask(() => compare(this.id, keepVanished));
  }

  /** `all`: however many of the layer's rows vanish. */
  async load(mode: Mode, { keepVanished = false, all = false } = {}): Promise<void> {
    if (await this.save()) await this.ask(() => load(this.id, { mode, draft: mode === 'create', keep_vanished: keepVanished, ...(all ? { vanish_at_most: 100 } : {}) }));
  }

  /** Takes the update back. `overEdits`: rows that were changed since too. */
  undo = (overEdits: boolean) => this.ask(async () => {
    const layer = this.delivery?.layer;
    if (!layer) return;
    await undo(layer, overEdits);
    await portal.reloadCatalogue();
    portal.changed(layer, undefined);
  });

  /** Back from the difference to the plan: what was compared stays so until the plan changes. */
  planAgain = $state(false);

  // --- the map ----------------------------------------------------------------------------------------------------------

  /** Shows what there is to see in this state; it is fetched when it changed. */
  private async draw(): Promise<void> {
    const { delivery } = this;
    if (!delivery) return;
    const what = this.plannable ? `preview ${placing(delivery.plan ?? undefined)}` : delivery.state;
    if (what === this.drawn) return;
    this.drawn = what;
    this.drawing.abort();
    this.drawing = new AbortController();
    const { signal } = this.drawing;
    try {
      if (this.plannable && delivery.plan && isUndecided(delivery.plan)) this.showNothing();
      else if (this.plannable) this.showSample(await fetchPreview(this.id, signal));
      else if (delivery.state === 'compared') this.showChanges(await fetchChanges(this.id, signal));
      else if (delivery.state === 'loaded') this.showFindings();
      else if (!WORKING.has(delivery.state)) portal.stage(undefined);
    } catch (error) {
      if (isAbort(error)) return;
      this.drawn = '';
      portal.stage(undefined);
      // of a load that failed the reason is told already
      if (delivery.state !== 'failed') this.problem = reasonOf(error);
    }
  }

  private showSample(sample: Preview): void {
    const [data, first] = [previewData(sample), this.sample === undefined];
    this.sample = sample;
    portal.stage(staged(data));
    const [box, seen] = [boxOfMost(data), portal.bbox];
    const apart = box && seen && (box[0] > seen[2] || box[2] < seen[0] || box[1] > seen[3] || box[3] < seen[1]);
    if (box && (first || apart)) portal.goTo(box, first);
  }

  /** Rows that nobody has placed yet. */
  private showNothing(): void {
    this.sample = undefined;
    portal.stage(undefined);
  }

  private showChanges(changes: FeatureCollection): void {
    this.changes = changes;
    const data = changesData(changes);
    portal.stage(staged(data));
    const box = boxOfMost(data);
    if (box) portal.goTo(box);
  }

  showFindings(): void {
    const { findings = [], kept_out = [] } = this.delivery?.report ?? {};
    const examples = [...findings.map((finding) => finding.examples), ...kept_out.map(({ found = [] }) => found)].flat();
    portal.stage(staged(findingsData(examples, this.chosen)));
  }

  /** Nothing of ours on the map. */
  clear(): void {
    [this.chosen, this.drawn] = [undefined, ''];
    portal.stage(undefined);
  }

  showAll(): void {
    const data = this.delivery?.state === 'compared' && this.changes ? changesData(this.changes) : this.sample && previewData(this.sample);
    const box = data && boxOfMost(data);
    if (box) portal.goTo(box);
  }

  /** To a row that differs, where it was and will be. */
  goToRow(id: string): void {
    const box = this.changes && boxOf({ type: 'FeatureCollection', features: this.changes.features.filter((feature) => String(feature.id) === id) });
    if (box) portal.goTo(box);
  }

  goTo(at: LonLat): void {
    this.chosen = at;
    this.showFindings();
    portal.view?.jump({ center: at, zoom: Math.max(portal.camera.zoom, CLOSEST_ZOOM) }, !reduceMotion());
    setTimeout(() => portal.view?.reveal(at, portal.insets(), !reduceMotion()), 250);
  }
}
