/**
 * The form of a report as one screen after the other: photo, place, category, what is known there, a text. The page's own form, which
 * needs no script, stays where it is if anything of this is missing.
 */
import type { LonLat } from '../api/contract';
import { Away, form, near, send, support, type Form, type Known } from './desk';
import { element, icon } from './dom';
import { type Draft, forget, fresh, keep, load } from './draft';
import { positionOf } from './exif';
import { smaller } from './photo';
import { placeScreen, type Place } from './place';
import { textsOf } from './texts';
import { work } from './work';

/** How long until a report that waits is tried again, milliseconds. */
const AGAIN_MS = 15_000;

class Wizard {
  private texts = textsOf(document.documentElement.lang);
  private place: Place | undefined;
  private fromPhoto = false;
  private busy = false;

  constructor(private host: HTMLElement, private data: Form, private draft: Draft) {}

  start(): void {
    addEventListener('online', () => this.draft.waiting && void this.send());
    if (this.draft.waiting) return void this.send();
    this.photo();
  }

  private show(title: string, back: (() => void) | undefined, ...content: (Node | string)[]): void {
    this.place?.close();
    this.place = undefined;
    const heading = element('h2', { tabindex: '-1' }, title);
    const bar = back ? [element('p', {}, element('button', { type: 'button', class: 'back', click: back }, `‹ ${this.texts.back}`))] : [];
    this.host.replaceChildren(element('section', { class: 'screen' }, ...bar, heading, ...content));
    heading.focus();
    scrollTo({ top: 0 });
  }

  private async put(part: Partial<Draft>): Promise<void> {
    Object.assign(this.draft, part);
    await keep(this.draft);
  }

  private photo(): void {
    const input = element('input', { id: 'photo', type: 'file', accept: 'image/jpeg,image/png,image/webp', class: 'unseen' });
    input.addEventListener('change', () => void this.took(input.files?.[0]));
    this.show(
      this.texts.photo, undefined,
      element('p', {}, this.texts.photoHint),
      element('p', { class: 'actions' }, input, element('label', { for: 'photo', class: 'button large' }, this.texts.take), element('button', { type: 'button', class: 'large', click: () => this.where() }, this.texts.without)),
    );
  }

  private async took(file: File | undefined): Promise<void> {
    if (!file) return;
    const point = positionOf(await file.arrayBuffer());
    this.fromPhoto = point !== undefined;
    await this.put({ photo: await smaller(file), ...(point ? { point } : {}) });
    this.where();
  }

  private where(): void {
    const place = placeScreen(this.texts, this.data.bbox, this.draft.point, this.fromPhoto, (point, address) => void this.placed(point, address));
    this.show(this.texts.place, () => this.photo(), place.node);
    this.place = place;
  }

  private async placed(point: LonLat, address: string | null): Promise<void> {
    await this.put({ point, ...(address ? { address } : {}) });
    this.what();
  }

  private what(): void {
    const tile = (category: Form['categories'][number]) =>
      element('button', { type: 'button', class: 'tile', 'data-category': category.code, click: () => void this.chose(category.code) }, icon(category.icon), element('span', {}, category.label), element('small', {}, category.hint));
    this.show(this.texts.what, () => this.where(), element('div', { class: 'tiles' }, ...this.data.categories.map(tile)));
  }

  private async chose(category: string): Promise<void> {
    await this.put({ category });
    const found = await near(this.draft.point!, category).catch(() => ({ near: [] }));
    if (found.near.length > 0) this.known(found.near);
    else this.last();
  }

  private known(all: Known[]): void {
    const one = (known: Known) =>
      element(
        'li', {},
        element('p', {}, element('strong', {}, known.title), ` · ${known.state_name} · ${known.distance_m} ${this.texts.m}${known.supporters ? ` · +${known.supporters}` : ''}`),
        ...(known.text ? [element('p', {}, known.text)] : []),
        element('button', { type: 'button', click: () => void this.same(known.id) }, this.texts.same),
      );
    this.show(
      this.texts.known, () => this.what(),
      element('p', {}, this.texts.knownHint),
      element('ul', { class: 'cards' }, ...all.map(one)),
      element('p', { class: 'actions' }, element('button', { type: 'button', class: 'primary', click: () => this.last() }, this.texts.other)),
    );
  }

  private async same(id: string): Promise<void> {
    try {
      await support(id, this.draft.key);
      await forget();
      location.assign(new URL(`${id}?known=1`, location.href));
    } catch (error) {
      this.failed(error);
    }
  }

  private last(): void {
    const text = element('textarea', { id: 'text', maxlength: this.host.dataset.maximumText ?? '2000', rows: '4', 'aria-describedby': 'text-hint' });
    text.value = this.draft.text ?? '';
    const go = async () => {
      await this.put({ text: text.value.trim() || undefined });
      await this.send();
    };
    this.show(
      this.texts.last, () => this.what(),
      element('p', { class: 'field' }, element('label', { for: 'text', class: 'unseen' }, this.texts.last), text, element('small', { id: 'text-hint' }, this.texts.lastHint)),
      element('p', { class: 'actions' }, element('button', { type: 'button', class: 'primary large', click: () => void go() }, this.texts.send)),
    );
  }

  private async send(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      this.show(this.texts.send, undefined, element('p', { role: 'status' }, this.texts.sending));
      const page = await send(this.draft);
      await forget();
      location.assign(page);
    } catch (error) {
      if (error instanceof Away) await this.wait();
      else this.failed(error);
    } finally {
      this.busy = false;
    }
  }

  private async wait(): Promise<void> {
    await this.put({ waiting: true });
    this.show(this.texts.send, undefined, element('p', { class: 'note', role: 'status', id: 'waiting' }, this.texts.waiting));
    setTimeout(() => this.draft.waiting && void this.send(), AGAIN_MS);
  }

  private failed(error: unknown): void {
    void this.put({ waiting: false });
    const reason = error instanceof Error ? error.message : String(error);
    this.show(
      this.texts.send, () => this.last(),
      element('p', { class: 'note', role: 'alert' }, this.texts.failed + reason),
      element('p', { class: 'actions' }, element('button', { type: 'button', class: 'primary', click: () => void this.send() }, this.texts.again)),
    );
  }
}

/** The page's own form of the second page: the work is done while one writes, so that nobody is kept waiting. */
async function ease(own: HTMLFormElement): Promise<void> {
  const ticket = own.querySelector<HTMLInputElement>('input[name=ticket]')!.value;
  const { work: { zero_bits } } = await form();
  own.append(element('input', { type: 'hidden', name: 'work', value: await work(ticket, zero_bits) }));
}

async function begin(): Promise<void> {
  const host = document.getElementById('report');
  if (!host) return;
  const own = host.querySelector<HTMLFormElement>('form[enctype]');
  if (own) return ease(own);
  const kept = await load();
  const query = new URLSearchParams(location.search);
  const said = [Number(query.get('lon')), Number(query.get('lat'))] as LonLat;
  const point = query.has('lon') && said.every(Number.isFinite) ? said : undefined;
  const draft = kept ?? { ...fresh(), ...(point ? { point } : {}) };
  const data = await form().catch(() => undefined);
  if (data) new Wizard(host, data, draft).start();
  // opened without a connection, from the browser's own store: try again when it is back
  else addEventListener('online', () => void begin(), { once: true });
}

void begin();
