/** People of the census and what they hold: read for a stated purpose, shown for a while, and kept nowhere. */
import { get, RequestFailed, saidBy, send, serverUrl } from '../../api/http';
import { reasonOf } from '../../state/cards.svelte';
import { SHOWN_MS } from '../../state/disclosure.svelte';
import type { Inquiry } from '../../state/inquiry';
import { prefs } from '../../state/preferences.svelte';

/** Somebody who was found; `born` is a year, `titles` how many rights they have today. */
export interface Person {
  comune: string;
  section: string;
  kind: 'P' | 'G';
  number: number;
  name: string;
  given_name?: string | null;
  born?: number | null;
  seat?: string | null;
  fiscal_code?: string | null;
  titles: number;
}

/** A right to a property; `parcel` is the id of the parcel of today that it lies on, where there is one. */
export interface Title {
  right: { it: string; en: string; words?: string | null };
  share?: { numerator: number; denominator: number } | null;
  since?: string | null;
  until?: string | null;
  category?: string | null;
  class?: string | null;
  land_use?: string | null;
  area_m2?: number | null;
  place?: { urban_section?: string | null; sheet: number; number: string; unit?: string | null } | null;
  address?: string | null;
  parcel?: string | null;
}

export interface Subject extends Omit<Person, 'titles' | 'born'> { born_on?: string | null; born_in?: string | null; titles: Title[]; more: boolean }

export const wholeName = ({ name, given_name }: Pick<Person, 'name' | 'given_name'>): string => [name, given_name].filter(Boolean).join(' ');

/** `A02` as acts write it: `A/2`. */
export const category = (code: string): string => code.replace(/^([A-F])\/?0?(\d+)$/, '$1/$2');

export class People {
  text = $state('');
  purpose = $state('');
  found = $state.raw<{ people: Person[]; more: boolean }>();
  subject = $state.raw<Subject>();
  busy = $state(false);
  problem = $state('');
  /** When what is shown is hidden. */
  until = $state<number>();
  /** It was hidden because its time was over. */
  over = $state(false);
  private asked = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** The name moves here from the inquiry, which is forgotten with it. */
  constructor(private readonly inquiry: Inquiry) {
    this.text = inquiry.text;
  }

  /** Looks for them; who is alone is opened. */
  async look(): Promise<void> {
    const answer = await this.ask(async () => {
      const said = await send('POST', serverUrl('cadastre/people', { lang: prefs.lang }), { q: this.text.trim() }, this.stated());
      return (await said.json()) as { subjects: Person[]; more: boolean };
    });
    if (!answer) return;
    [this.found, this.subject] = [{ people: answer.subjects, more: answer.more }, undefined];
    if (answer.subjects.length === 1) await this.open(answer.subjects[0]!);
  }

  /** What somebody holds. Their address has their number in the census, and no name. */
  async open({ comune, section, kind, number }: Person): Promise<void> {
    const path = ['cadastre', 'people', comune, section, `${kind}${number}`].map(encodeURIComponent).join('/');
    const subject = await this.ask(async () => (await (await get(serverUrl(path, { lang: prefs.lang }), undefined, undefined, this.stated())).json()) as Subject);
    if (subject) this.subject = subject;
  }

  /** From somebody to those who were found, from them to the question. */
  back(): void {
    if (this.subject && (this.found?.people.length ?? 0) > 1) this.subject = undefined;
    else [this.found, this.subject] = [undefined, undefined];
  }

  /** Nothing stays, neither what was found nor what was typed. */
  forget(): void {
    this.asked += 1;
    clearTimeout(this.timer);
    [this.text, this.purpose, this.problem, this.inquiry.text] = ['', '', '', ''];
    [this.found, this.subject, this.until, this.busy] = [undefined, undefined, undefined, false];
  }

  private stated(): Record<string, string> {
    return { 'Access-Purpose': encodeURIComponent(this.purpose.trim()) };
  }

  /** An answer that something else was asked after, or that came when all was to be forgotten, is none. */
  private async ask<T>(read: () => Promise<T>): Promise<T | undefined> {
    const mine = (this.asked += 1);
    [this.busy, this.problem, this.over] = [true, '', false];
    try {
      const answer = await read();
      if (mine !== this.asked) return undefined;
      clearTimeout(this.timer);
      this.until = Date.now() + SHOWN_MS;
      this.timer = setTimeout(() => this.end(), SHOWN_MS);
      return answer;
    } catch (error) {
      if (mine === this.asked) this.problem = wrong(error);
      return undefined;
    } finally {
      if (mine === this.asked) this.busy = false;
    }
  }

  private end(): void {
    this.forget();
    this.over = true;
  }
}

/** What is wrong with what was sent, rather than that something is. */
function wrong(error: unknown): string {
  const fault = error instanceof RequestFailed ? error.problem.errors?.[0] : undefined;
  return (fault && saidBy(fault, prefs.lang)) ?? reasonOf(error);
}
