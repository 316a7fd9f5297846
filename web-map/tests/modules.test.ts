import { describe, expect, it } from 'vitest';
import type { Catalogue, Layer } from '../src/api/contract';
import { daysUntil } from '../src/services/due';
import { alertsOf, appliesOf } from '../src/modules/environment/applies';
import { cardSection, registration, servicesOf, themeTitle } from '../src/services/registry';
import { counted, rowsOf, rowsOfItems } from '../src/services/rows';

const nonsense = [null, undefined, 'x', 3, [], {}, { permits: 'x' }, { permits: [null, 3, { protocol: 'without an id' }] }, { kinds: 3 }, { today: [] }, { today: { zones: 'x' } }];

describe('services', () => {
  const catalogue = (...layers: [string, string][]) => ({ groups: [{ id: 'permits', title: { it: 'Edilizia', en: 'Permits' } }], layers: layers.map(([id, group]) => ({ id, group })) }) as unknown as Catalogue;

  it('are offered where their layers are, and not for a layer of the same name that somebody published', () => {
    expect(servicesOf(catalogue(['permits', 'permits'], ['trees', 'environment'])).map(({ theme }) => theme)).toEqual(['permits']);
    expect(servicesOf(catalogue(['road_ordinances', 'public-works'], ['noise_zones', 'environment'])).map(({ theme }) => theme)).toEqual(['public-works', 'environment']);
    for (const none of [catalogue(['reports', 'published']), catalogue(), undefined]) expect(servicesOf(none)).toEqual([]);
    expect(themeTitle(catalogue(), 'permits')?.it).toBe('Edilizia');
  });
});

describe('what is registered from the map', () => {
  const states = ['planned', 'under_way', 'dropped'].map((value) => ({ value, label: { it: value, en: value } }));
  const works = { id: 'works', group: 'public-works', geometry: 'mixed', fields: [{ name: 'title', label: { it: 'Titolo', en: 'Title' }, type: 'text' }, { name: 'state', label: { it: 'Stato', en: 'State' }, type: 'text', codes: states }] } as unknown as Layer;

  it('asks a work for its facts, filled in with the CUP that it is of', async () => {
    const form = await registration('works')?.(works, 'B17G22000030006');
    expect([form?.path, form?.texts]).toEqual(['public-works/', { state: 'planned', cup: 'B17G22000030006' }]);
    const field = (name: string) => form?.fields.find((one) => one.name === name);
    expect([field('title')?.required, field('title')?.label.en, field('cup')?.max_length]).toEqual([true, 'Title', 15]);
    expect(field('state')?.codes?.map(({ value }) => value)).toEqual(['planned', 'under_way']);
  });

  it('is not every layer', () => {
    expect(registration('permits')).toBeUndefined();
    expect(registration('road_ordinances')).toBeDefined();
  });

  it('is progressed from its card by who may', () => {
    expect(cardSection({ ...works, operable: true })?.acts).toBe(true);
    expect(cardSection(works)).toBeUndefined();
    expect(cardSection({ ...works, group: 'published', operable: true })).toBeUndefined();
  });
});

describe('records', () => {
  const permits = {
    permits: [
      { id: 'P1', protocol: '2026/1', due_on: '2026-12-03', bbox: [15.1, 38.1, 15.2, 38.2], href: 'https://sit.example.it/permits/P1' },
      { id: 7, geometry: { type: 'Point', coordinates: [15.5, 38.5] }, bbox: [1, 2, null, 4] },
    ],
    next: 'https://sit.example.it/permits/?after=2026-12-03.7',
  };

  it('are read with where they lie', () => {
    const { rows, more } = rowsOf(permits, 'permits');
    expect(rows.map(({ id, box }) => [id, box])).toEqual([['P1', [15.1, 38.1, 15.2, 38.2]], ['7', [15.5, 38.5, 15.5, 38.5]]]);
    expect([more, counted({ rows, more }), counted({ rows, more: false })]).toEqual([true, '2+', '2']);
  });

  it('of a collection are the same', () => {
    const feature = { type: 'Feature' as const, id: 'R1', properties: { state: 'open' }, geometry: { type: 'Point' as const, coordinates: [15, 38] } };
    expect(rowsOfItems({ features: [feature], links: [{ rel: 'next', href: '?' }] })).toEqual({ rows: [{ id: 'R1', values: { state: 'open' }, box: [15, 38, 15, 38] }], more: true });
  });

  it('that make no sense are none', () => {
    for (const answer of nonsense) expect(rowsOf(answer, 'permits')).toEqual({ rows: [], more: false });
  });
});

describe('terms', () => {
  it('are days in Italy, also over the change of clocks', () => {
    expect(daysUntil('2026-10-26', '2026-10-24')).toBe(2);
    expect(daysUntil('2026-03-30T08:00:00Z', '2026-03-28')).toBe(2);
    expect([daysUntil('2026-11-27', '2026-11-28'), daysUntil('2026-11-28', '2026-11-28')]).toEqual([-1, 0]);
    for (const none of [null, undefined, '', 'soon', '2026-02-30', 20261128]) expect(daysUntil(none)).toBeUndefined();
  });
});

describe('what applies at a place', () => {
  const answer = {
    kinds: [
      { kind: 'noise', title: 'Rumore', answer: 'none_found', says: 'Nulla, secondo il rilievo' },
      { kind: 'landslide', title: 'Frane', answer: 'not_surveyed', says: 'Non rilevato' },
      { kind: 'flood', title: 'Alluvioni', answer: 'found', says: 'Sì: 1 zona', law: 'D.Lgs. 49/2010' },
      { kind: 'burnt', title: 'Incendi', answer: 'partly_surveyed' },
    ],
  };

  it('begins with what was found, then what nobody knows', () => {
    expect(appliesOf(answer).map(({ kind }) => kind)).toEqual(['flood', 'burnt', 'landslide', 'noise']);
  });

  it('is not surveyed, and never free of hazard, where the answer is not understood', () => {
    expect(appliesOf({ kinds: [{ kind: 'flood' }, { kind: 'noise', answer: 'fine' }] }).map(({ verdict }) => verdict)).toEqual(['not_surveyed', 'not_surveyed']);
    for (const none of nonsense) expect(appliesOf(none)).toEqual([]);
  });

  it('tells the alerts of today; a zone without a bulletin has no colour', () => {
    const zones = [{ zone: 'Cala-8', name: 'Versante', worst: 'orange', hydraulic: 'yellow', hydrogeological: 'orange', storms: null }, { zone: 'Cala-7', name: null, worst: null }];
    expect(alertsOf({ today: { day: '2026-11-28', zones }, tomorrow: { zones: [{ zone: 'x', worst: 'red' }] } })).toEqual([
      { zone: 'Cala-8', name: 'Versante', worst: 'orange', of: [{ what: 'hydraulic', colour: 'yellow' }, { what: 'hydrogeological', colour: 'orange' }] },
      { zone: 'Cala-7', name: '', worst: undefined, of: [] },
    ]);
    for (const none of nonsense) expect(alertsOf(none)).toEqual([]);
  });
});
