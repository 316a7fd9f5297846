/** One feature being changed, or made: its values and its geometry, what was done to them, and how they are saved. */
import type { Feature, Geometry } from 'geojson';
import type { Field, GeometryType, Layer, LonLat } from '../api/contract';
import { RequestFailed, type Fault } from '../api/http';
import { createFeature, deleteFeature, newKey, patchFeature, readTagged, register, type How, type Tagged } from '../api/write';
import { bboxOf, union } from '../geo/bbox';
import { registration, type Registration } from '../services/registry';
import { reasonOf } from '../state/cards.svelte';
import { portal } from '../state/portal.svelte';
import { prefs } from '../state/preferences.svelte';
import type { MapTool, Work } from '../state/work';
import { w } from '../i18n/work';
import { differences, GEOMETRY, type Difference } from './compare';
import { dropDraft, readDraft, writeDraft } from './drafts';
import { explain } from './explain';
import { fromPoints, inserted, isArea, isDrawn, isPoint, kindsOf, leastPoints, middles, moved, removed, sameGeometry, samePath, vertices, type Drawn, type Path } from './geometry';
import { sketchOf } from './sketch';
import { Timeline } from './timeline';
import { fromText, toText, type Texts } from './values';

interface State { texts: Texts; geometry: Drawn | undefined; /** Points of a line or an area that is not finished. */ points: LonLat[] }

/** What somebody else saved meanwhile, and the choice between the two. */
export interface Conflict { theirs: Tagged | undefined; rows: Difference[] }


export class Editor implements MapTool {
  /** What is drawn; where the layer holds several kinds, the one that was chosen. */
  type = $state<GeometryType>('Point');
  /** Those that can be chosen from; none if there is nothing to choose. */
  readonly kinds: GeometryType[];
  fields = $state.raw<Field[]>([]);
  ready = $state(false);
  problem = $state<string>();
  reason = $state('');
  saving = $state(false);
  resumed = $state(false);
  chosen = $state.raw<Path>();
  faults = $state.raw<Fault[]>([]);
  conflict = $state.raw<Conflict>();
  base = $state.raw<Feature>();
  /** How a new one is registered, where its layer takes no features. */
  form = $state.raw<Registration>();
  /** The record that was made with it. */
  registered = $state.raw<Record<string, unknown>>();
  /** The feature's public id; none while it is new. */
  id = $state<string>();

  private etag: string | undefined;
  private timeline = new Timeline<State>({ texts: {}, geometry: undefined, points: [] });
  state = $state.raw<State>(this.timeline.now);
  canUndo = $state(false);
  canRedo = $state(false);
  private grabbedFrom: State | undefined;
  /** The key of an attempt stays the same until something is changed. */
  private attempt: string | undefined;

  drawing = $derived(!this.state.geometry);
  positions = $derived(this.state.geometry ? vertices(this.state.geometry) : []);
  reshaped = $derived(!sameGeometry(this.state.geometry, this.base?.geometry));
  changedFields = $derived(this.fields.filter((field) => (this.state.texts[field.name] ?? '') !== this.first(field, this.base)));
  dirty = $derived(this.reshaped || this.changedFields.length > 0 || this.state.points.length > 0);

  constructor(readonly layer: Layer, private readonly work: Extract<Work, { kind: 'edit' }>) {
    this.id = work.id;
    const kinds = kindsOf(layer);
    this.type = kinds[0];
    this.kinds = kinds.length > 1 ? kinds : [];
    this.fields = layer.fields.filter((field) => field.editable);
  }

  /** Reads the feature as it is now, and what was left unsaved of it. */
  async begin(): Promise<void> {
    const { layer, id, of } = this.work;
    const draft = readDraft(portal.session.known?.id, { layer, id, of });
    try {
      this.form = this.layer.editable ? undefined : await registration(layer)?.(this.layer, of);
      if (this.form) this.fields = this.form.fields;
      if (draft) this.adopt(draft.base && draft.etag ? { feature: draft.base, etag: draft.etag } : undefined);
      else this.adopt(this.id ? await readTagged(this.layer.id, this.id) : undefined);
    } catch (error) {
      this.problem = reasonOf(error);
      return;
    }
    if (!portal.session.worksFor(this.base?.properties?.['comune'])) {
      this.problem = w('edit.other_comune');
      return;
    }
    if (draft) {
      this.timeline.step({ texts: draft.texts, geometry: isDrawn(draft.geometry) ? draft.geometry : undefined, points: draft.points ?? [] });
      this.reason = draft.reason;
      this.resumed = true;
    }
    this.show();
    this.ready = true;
  }

  private adopt(read: Tagged | undefined): void {
    this.base = read?.feature;
    this.etag = read?.etag;
    const texts = Object.fromEntries(this.fields.map((field) => [field.name, this.first(field, read?.feature)]));
    const geometry = isDrawn(read?.feature.geometry) ? read.feature.geometry : undefined;
    this.timeline = new Timeline<State>({ texts, geometry, points: [] });
  }

  /** What stands in a field before it is typed into. */
  private first(field: Field, base: Feature | undefined): string {
    return base ? toText(base.properties?.[field.name], field) : this.form?.texts[field.name] ?? '';
  }

  // --- what can be done and undone ------------------------------------------------------------------------------------

  private show(): void {
    this.state = this.timeline.now;
    if (this.kinds.length > 0 && this.state.geometry) this.type = this.state.geometry.type;
    this.canUndo = this.timeline.canUndo;
    this.canRedo = this.timeline.canRedo;
    if (this.chosen && !this.positions.some(({ path }) => samePath(path, this.chosen))) this.chosen = undefined;
    this.draw();
  }

  private step(change: Partial<State>, kind?: string): void {
    this.timeline.step({ ...this.timeline.now, ...change }, kind);
    this.attempt = undefined;
    this.show();
    this.remember();
  }

  remember(): void {
    const subject = portal.session.known?.id;
    if (!subject) return;
    if (!this.dirty) return this.discard();
    writeDraft({
      subject, layer: this.layer.id, texts: this.state.texts, reason: this.reason,
      ...(this.work.id ? { id: this.work.id } : {}), ...(this.work.of ? { of: this.work.of } : {}), ...(this.base ? { base: this.base } : {}), ...(this.etag ? { etag: this.etag } : {}),
      ...(this.state.geometry ? { geometry: this.state.geometry } : {}), ...(this.state.points.length > 0 ? { points: this.state.points } : {}),
    });
  }

  undo(): void {
    this.timeline.undo();
    this.attempt = undefined;
    this.show();
    this.remember();
  }

  redo(): void {
    this.timeline.redo();
    this.attempt = undefined;
    this.show();
    this.remember();
  }

  setText(name: string, text: string): void {
    this.faults = this.faults.filter((fault) => fault.field !== name);
    this.step({ texts: { ...this.state.texts, [name]: text } }, `text ${name}`);
  }

  private reshape(geometry: Drawn | undefined, kind?: string): void {
    this.faults = this.faults.filter((fault) => fault.field !== undefined);
    if (geometry) this.step({ geometry, points: [] }, kind);
  }

  // --- the map --------------------------------------------------------------------------------------------------------

  draw(): void {
    portal.sketch = sketchOf({
      geometry: this.state.geometry, points: this.state.points, area: isArea(this.type), chosen: this.chosen,
      other: this.conflict ? this.conflict.theirs?.feature.geometry : this.base && this.reshaped ? this.base.geometry : undefined,
      faults: this.faults.flatMap(({ at }) => (at ? [at] : [])), handles: !this.conflict,
    });
  }

  clicked(at: LonLat): void {
    if (this.conflict || !this.ready) return;
    if (isPoint(this.type)) {
      const now = this.state.geometry;
      if (!now) return this.reshape(fromPoints(this.type, [at]));
      if (this.positions.length === 1) this.reshape(moved(now, this.positions[0]!.path, at));
    } else if (this.drawing) this.step({ points: [...this.state.points, at] });
    else this.choose(undefined);
  }

  doubleClicked(): void {
    this.finish();
  }

  get canFinish(): boolean {
    return this.drawing && this.state.points.length >= leastPoints(this.type);
  }

  /** The line or area is complete. */
  finish(): void {
    this.reshape(fromPoints(this.type, this.state.points));
  }

  /** Another kind is drawn from the beginning. */
  drawAs(type: GeometryType): void {
    if (type === this.type) return;
    this.type = type;
    this.redraw();
  }

  redraw(): void {
    this.chosen = undefined;
    this.timeline.step({ ...this.timeline.now, geometry: undefined, points: [] });
    this.show();
    this.remember();
  }

  choose(path: Path | undefined): void {
    this.chosen = path;
    this.draw();
  }

  /** A handle's name is its path, `+` before it where it stands for a vertex that is not there yet. */
  grabbed(handle: string): void {
    const geometry = this.state.geometry;
    if (!geometry || this.conflict) return;
    this.grabbedFrom = this.state;
    const path = handle.replace('+', '').split('.').filter(Boolean).map(Number);
    this.chosen = path;
    if (handle.startsWith('+')) {
      const middle = middles(geometry).find((side) => samePath(side.path, path));
      if (middle) this.state = { ...this.state, geometry: inserted(geometry, path, middle.at) };
    }
    this.draw();
  }

  dragged(to: LonLat): void {
    if (!this.grabbedFrom || !this.state.geometry || !this.chosen) return;
    this.state = { ...this.state, geometry: moved(this.state.geometry, this.chosen, to) };
    this.draw();
  }

  dropped(): void {
    const [before, after] = [this.grabbedFrom?.geometry, this.state.geometry];
    this.grabbedFrom = undefined;
    if (after && !sameGeometry(before, after)) this.reshape(after);
  }

  moveChosen(to: LonLat, kind = 'move'): void {
    const path = this.chosen ?? (this.positions.length === 1 ? this.positions[0]!.path : undefined);
    if (path && this.state.geometry) this.reshape(moved(this.state.geometry, path, to), kind);
    else if (this.drawing) this.clicked(to);
  }

  insertAfterChosen(): void {
    const { geometry } = this.state;
    const i = this.positions.findIndex(({ path }) => samePath(path, this.chosen));
    const here = this.positions[i];
    if (!geometry || !here) return;
    const next = this.positions[i + 1] ?? this.positions[0]!;
    const path = [...here.path.slice(0, -1), here.path.at(-1)! + 1];
    this.reshape(inserted(geometry, path, [(here.at[0] + next.at[0]) / 2, (here.at[1] + next.at[1]) / 2]));
    this.choose(path);
  }

  removeChosen(): void {
    if (!this.chosen || !this.state.geometry) return;
    const left = removed(this.state.geometry, this.chosen);
    if (left) this.reshape(left);
    else this.problem = w('edit.too_few');
  }

  keydown(event: KeyboardEvent): boolean {
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (command && key === 'z') {
      if (event.shiftKey) this.redo();
      else this.undo();
    } else if (command && key === 'y') this.redo();
    else if (event.key === 'Delete' || event.key === 'Backspace') {
      if (this.drawing) this.step({ points: this.state.points.slice(0, -1) });
      else this.removeChosen();
    } else if (event.key === 'Escape') this.choose(undefined);
    else return false;
    return true;
  }

  // --- saving ---------------------------------------------------------------------------------------------------------

  private how(): How {
    this.attempt ??= newKey();
    return { reason: this.reason, key: this.attempt, ...(this.id ? { etag: this.etag } : {}) };
  }

  /** The values as the server takes them, or undefined with what is wrong noted at each field. */
  private values(fields: Field[]): Record<string, unknown> | undefined {
    const values: Record<string, unknown> = {};
    const faults: Fault[] = [];
    for (const field of fields) {
      const read = fromText(this.state.texts[field.name] ?? '', field);
      // a value that a new feature does not have is left out: the layer may have one of its own for it
      if ('value' in read && !(read.value === null && !this.id)) values[field.name] = read.value;
      else if ('value' in read) continue;
      else faults.push({ field: field.name, detail: w(`wrong.${read.wrong}`, { n: field.max_length ?? 0 }) });
    }
    if (!this.state.geometry) faults.push({ geometry: true, detail: w('edit.no_geometry') });
    this.faults = faults;
    return faults.length === 0 ? values : undefined;
  }

  async save(): Promise<boolean> {
    const values = this.values(this.id ? this.changedFields : this.fields);
    if (!values || !this.state.geometry) return false;
    const geometry: Geometry = this.state.geometry;
    return this.attemptTo(async () => {
      if (this.id) await patchFeature(this.layer.id, this.id, { type: 'Feature', properties: values, ...(this.reshaped ? { geometry } : {}) }, this.how());
      else if (this.form) {
        this.registered = await register(this.form.path, prefs.lang, { ...values, place: geometry }, this.how());
        this.id = String(this.registered['id']);
      }
      else this.id = String((await createFeature(this.layer.id, { type: 'Feature', properties: values, geometry }, this.how())).id);
    });
  }

  async remove(): Promise<boolean> {
    return this.attemptTo(async () => {
      if (this.id) await deleteFeature(this.layer.id, this.id, this.how());
    });
  }

  private async attemptTo(act: () => Promise<void>): Promise<boolean> {
    this.saving = true;
    this.problem = undefined;
    try {
      await act();
      this.discard();
      const boxes = [bboxOf(this.base?.geometry), bboxOf(this.state.geometry)].filter((box) => box !== undefined);
      portal.changed(this.layer.id, boxes.length > 0 ? boxes.reduce(union) : undefined);
      return true;
    } catch (error) {
      await this.failed(error);
      return false;
    } finally {
      this.saving = false;
    }
  }

  private async failed(error: unknown): Promise<void> {
    if (!(error instanceof RequestFailed)) throw error;
    if ([401, 403, 404].includes(error.status)) await portal.session.load();
    if (!portal.session.known) {
      this.problem = w('edit.signed_out');
      return;
    }
    if ((error.status === 412 || error.status === 404) && this.id) await this.overtaken(this.id, error);
    else {
      this.faults = (error.problem.errors ?? []).map((fault) => ({ ...fault, detail: explain(fault.detail) }));
      this.problem = this.faults.length > 0 ? w('edit.invalid') : reasonOf(error);
      this.draw();
    }
  }

  /** Somebody else was first. Nothing of ours is thrown away: both are shown, and each value is chosen. */
  private async overtaken(id: string, error: RequestFailed): Promise<void> {
    try {
      const theirs = await readTagged(this.layer.id, id);
      const rows = differences(this.fields, this.base ?? theirs.feature, theirs.feature, this.state.texts, this.state.geometry);
      this.conflict = { theirs, rows };
    } catch (again) {
      if (again instanceof RequestFailed && again.status === 404) this.conflict = { theirs: undefined, rows: [] };
      else this.problem = reasonOf(error);
    }
    this.draw();
  }

  /** What was chosen becomes ours, on top of theirs; ours of before is one undo away. */
  settle(rows: Difference[]): void {
    const theirs = this.conflict?.theirs;
    this.conflict = undefined;
    if (!theirs) {
      // deleted meanwhile: ours becomes a feature of its own
      [this.id, this.base, this.etag] = [undefined, undefined, undefined];
      this.attempt = undefined;
      return this.show();
    }
    const wanted = (name: string) => rows.find((row) => row.name === name)?.side === 'theirs';
    const texts = { ...this.state.texts };
    for (const field of this.fields) {
      if (wanted(field.name)) texts[field.name] = toText(theirs.feature.properties?.[field.name], field);
    }
    const shape = wanted(GEOMETRY) && isDrawn(theirs.feature.geometry) ? theirs.feature.geometry : this.state.geometry;
    this.base = theirs.feature;
    this.etag = theirs.etag;
    this.step({ texts, geometry: shape });
  }

  /** Back to the form; the next save will meet theirs again. */
  postpone(): void {
    this.conflict = undefined;
    this.draw();
  }

  discard(): void {
    dropDraft(this.layer.id, this.work.id, this.work.of);
  }
}
