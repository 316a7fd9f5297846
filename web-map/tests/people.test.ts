import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Catalogue, Layer, Me, SearchResult } from '../src/api/contract';
import { fiscalCode, mayBecomeCode } from '../src/format/fiscal-code';
import { sought } from '../src/modules/cadastre/sought';
import { category, People, wholeName } from '../src/modules/cadastre/people.svelte';
import { around, pageOf } from '../src/panels/search/suggestion';
import { inquirersOf } from '../src/services/registry';
import { SHOWN_MS } from '../src/state/disclosure.svelte';

// the reader's language is read off a page, which there is none of here
vi.mock('../src/state/preferences.svelte', () => ({ prefs: { lang: 'it' }, t: (key: string) => key, tr: () => '' }));

const CODE = 'RSSMRA85T10A562S';

describe('a fiscal code', () => {
  it('is known whole, in groups, in small letters, with letters for digits, and with words around it', () => {
    for (const text of [CODE, 'rssmra85t10a562s', ' RSS MRA 85T10 A562S ', 'RSSMRA-85T10-A562S', `C.F. ${CODE}`, `cf:${CODE}`, `Rossi Mario (${CODE})`]) expect(fiscalCode(text), text).toBe(CODE);
    expect(fiscalCode('RSSMRA8RTMLAR62S')).toBe('RSSMRA8RTMLAR62S');
    for (const text of ['01234567890', '012 345 678 90', 'P.IVA 01234567890']) expect(fiscalCode(text), text).toBe('01234567890');
  });

  it('is no address, reference, position or name', () => {
    for (const text of ['Via Garibaldi 1234', 'VIAROMA12INTERNO', 'fg 12 p 345', 'foglio 12 particella 345 sub 12', 'X101_001200.345', '551234.5 4211234.5', '15.12345678901 38.1', 'Rossi Mario', 'ACQUADOLCECHIARA', '0123456789', '']) {
      expect(fiscalCode(text), text).toBeUndefined();
    }
  });

  it('is foreseen while it is typed', () => {
    for (let typed = 7; typed < CODE.length; typed += 1) expect(mayBecomeCode(CODE.slice(0, typed)), CODE.slice(0, typed)).toBe(true);
    for (const text of ['rss mra 85t10', 'SMRA85T10A562S', 'FOXDIA01A01', '01234567', '0123456789']) expect(mayBecomeCode(text), text).toBe(true);
    for (const text of ['RSSMRA', 'foglio 1', 'foglio 12 p 34', 'foglio 12 p 34 s 123', 'fg 12', 'via roma 12', 'Piazza 4 novembre', 'H224_001200.345', '12/345', '1234567', '38.1 15.6', '']) {
      expect(mayBecomeCode(text), text).toBe(false);
    }
  });
});

describe('a person to look up', () => {
  it('is a name, a firm, or a code, which comes first', () => {
    for (const name of ['Rossi', "D'Acquadolce Nicolò", 'De Luca Anna-Maria', 'Agrumaria dello Stretto s.r.l.', 'Piazza Carla']) expect(sought(name), name).toEqual({ text: name, first: false });
    expect(sought('Edil 2000 srl')).toEqual({ text: 'Edil 2000 srl', first: false });
    expect(sought('  Rossi   Mario ')).toEqual({ text: 'Rossi Mario', first: false });
    expect(sought(`cf ${CODE.toLowerCase()}`)).toEqual({ text: CODE, first: true });
  });

  it('is no reference, address with its number, or a text too short or too long', () => {
    for (const text of ['fg 12 p 345', '12/345', 'foglio 12', 'foglio', 'Via Roma', 'viale Europa', 'Corso Italia 12', '38.1 15.6', 'ab', "d'", '', 'a'.repeat(101)]) expect(sought(text), text).toBeUndefined();
  });
});

describe('the search box', () => {
  const catalogue = { layers: [{ id: 'parcels', group: 'cadastre' }] } as unknown as Catalogue;
  const me = (staff: boolean) => ({ staff }) as Me;
  const place = { title: 'Rossi, località', subtitle: '' };

  it('offers people to staff alone, where there is a cadastre', () => {
    expect(inquirersOf(catalogue, me(true)).map(({ theme }) => theme)).toEqual(['cadastre']);
    for (const none of [inquirersOf(catalogue, me(false)), inquirersOf(catalogue, undefined), inquirersOf(undefined, me(true)), inquirersOf({ layers: [{ id: 'parcels', group: 'published' }] } as unknown as Catalogue, me(true))]) expect(none).toEqual([]);
  });

  it('offers a name after the places, and a code before all', () => {
    const officers = inquirersOf(catalogue, me(true));
    expect(around([place], 'Rossi', officers, 'it').map(({ title }) => title)).toEqual(['Rossi, località', 'Cerca la persona «Rossi» nel catasto']);
    expect(around([place], CODE, officers, 'en').map(({ title }) => title)).toEqual([`Look up the person “${CODE}” in the cadastre`, 'Rossi, località']);
    expect(around([place], 'fg 1 p 10', officers, 'it')).toEqual([place]);
    expect(around([place], 'Rossi', [], 'it')).toEqual([place]);
  });

  it('leads to the page of what is no more', () => {
    const former: SearchResult = { layer: 'parcels', id: 'X101_000100.8', title: '', bbox: [15, 38, 15.1, 38.1], former: true, href: 'https://sit.example.it/cadastre/parcels/X101_000100.8' };
    const layer = { id: 'parcels', page: '/cadastre/parcels/{id}' } as Layer;
    expect(pageOf(former, layer, 'it')).toBe('http://localhost/cadastre/parcels/X101_000100.8?lang=it');
    expect(pageOf({ ...former, bbox: null, former: false }, layer, 'en')).toBe('http://localhost/cadastre/parcels/X101_000100.8?lang=en');
    expect(pageOf({ ...former, former: false }, layer, 'it')).toBeUndefined();
    expect(pageOf({ ...former, href: null }, undefined, 'it')).toBeUndefined();
  });
});

describe('people who are looked up', () => {
  const person = { comune: '080901', section: '_', kind: 'P', number: 7, name: 'ROSSI', given_name: 'MARIO', titles: 1 };
  const subject = { ...person, titles: [], more: false };
  const asked: { url: string; body: unknown; purpose: string | null }[] = [];
  let answers: unknown[] = [];

  beforeEach(() => {
    vi.useFakeTimers();
    asked.length = 0;
    vi.stubGlobal('fetch', (url: string, request: RequestInit) => {
      asked.push({ url, body: request.body, purpose: new Headers(request.headers).get('Access-Purpose') });
      return Promise.resolve(new Response(JSON.stringify(answers.shift())));
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('are asked for in the body alone, for the purpose; who is alone is opened', async () => {
    const inquiry = { theme: 'cadastre', text: 'Rossi' };
    const people = new People(inquiry);
    people.purpose = ' notifica è ';
    answers = [{ subjects: [person], more: false }, subject];
    await people.look();
    expect(asked.map(({ url }) => new URL(url).pathname)).toEqual(['/cadastre/people', '/cadastre/people/080901/_/P7']);
    expect([asked[0]?.body, asked[0]?.purpose, asked[1]?.purpose]).toEqual(['{"q":"Rossi"}', 'notifica%20%C3%A8', 'notifica%20%C3%A8']);
    expect(asked.some(({ url }) => /rossi/i.test(url))).toBe(false);
    expect(people.subject).toEqual(subject);
    people.back();
    expect([people.found, people.subject, people.text]).toEqual([undefined, undefined, 'Rossi']);
  });

  it('are forgotten after five minutes, with what was typed', async () => {
    const inquiry = { theme: 'cadastre', text: 'Rossi' };
    const people = new People(inquiry);
    people.purpose = 'notifica';
    answers = [{ subjects: [person, { ...person, number: 8 }], more: false }];
    await people.look();
    expect([people.found?.people.length, asked.length]).toEqual([2, 1]);
    vi.advanceTimersByTime(SHOWN_MS);
    expect([people.found, people.text, people.purpose, inquiry.text, people.over]).toEqual([undefined, '', '', '', true]);
  });

  it('do not come back when they were to be forgotten', async () => {
    const people = new People({ theme: 'cadastre', text: 'Rossi' });
    answers = [{ subjects: [person], more: false }];
    const looking = people.look();
    people.forget();
    await looking;
    expect([people.found, people.busy, asked.length]).toEqual([undefined, false, 1]);
  });

  it('are named whole, and what they hold as acts write it', () => {
    expect([wholeName(person), wholeName({ name: 'AGRUMARIA SRL', given_name: null })]).toEqual(['ROSSI MARIO', 'AGRUMARIA SRL']);
    expect(['A02', 'A/2', 'C06', 'D10', 'X'].map(category)).toEqual(['A/2', 'A/2', 'C/6', 'D/10', 'X']);
  });
});
