import type { FeatureCollection, Geometry } from 'geojson';
import type { LayerSpecification, StyleSpecification } from 'maplibre-gl';
import { describe, expect, it } from 'vitest';
import type { Difference, PlanFile } from '../src/api/deliveries';
import { saidBy } from '../src/api/http';
import { datasetsOf } from '../src/deliveries/datasets';
import { isSame, short, vanishing } from '../src/deliveries/difference';
import { boxOf, boxOfMost, changesData, findingsData, previewData, staged, STAGED } from '../src/deliveries/drawing';
import { codesOf, faultsOf, isChosen, isUndecided, mayBeKey, placing, readAs, statedBy, tidy, withField, withPlace, withRule } from '../src/deliveries/plan';
import { bytes, minutes, Pace } from '../src/deliveries/progress';
import { en } from '../src/i18n/deliveries.en';
import { it as italian } from '../src/i18n/deliveries.it';
import { filled } from '../src/i18n/filled';
import { compose, drawnAs, over } from '../src/map/style';
import { bodyOf, ofComune } from '../src/panels/export/export';

const named = (...names: string[]) => names.map((name) => ({ name }));

describe('what was dropped', () => {
  it('is one set for each Shapefile, whatever the case of its parts, and one for each other file', () => {
    const sets = datasetsOf(named('Alberi.shp', 'alberi.DBF', 'ALBERI.shx', 'alberi.prj', 'Alberi.shp.xml', 'civici.csv', 'civici.gpkg', '.DS_Store', 'Thumbs.db'));
    expect(sets.map(({ files }) => files.map(({ name }) => name))).toEqual([
      ['Alberi.shp', 'alberi.DBF', 'ALBERI.shx', 'alberi.prj', 'Alberi.shp.xml'], ['civici.csv'], ['civici.gpkg'],
    ]);
    expect(sets.map(({ name, missing }) => [name, missing])).toEqual([['Alberi', []], ['civici', []], ['civici', []]]);
  });

  it('is told what a Shapefile lacks', () => {
    expect(datasetsOf(named('strade.shp', 'strade.prj'))[0]?.missing).toEqual(['shx', 'dbf']);
    expect(datasetsOf(named('strade.shp', 'vie.dbf', 'strade.shx')).map(({ missing }) => missing)).toEqual([['dbf'], []]);
  });

  it('may be a DBF alone, or an XML without a Shapefile', () => {
    expect(datasetsOf(named('tabella.dbf', 'rete.xml')).map(({ files, missing }) => [files.length, missing])).toEqual([[1, []], [1, []]]);
  });
});

describe('an upload', () => {
  it('says bytes as files are sold', () => {
    expect([0, 999, 1000, 12_345, 999_499, 999_500, 2_147_483_648].map((n) => bytes(n, 'en'))).toEqual(['0 B', '999 B', '1.0 kB', '12.3 kB', '999 kB', '1.0 MB', '2.1 GB']);
    expect(bytes(1_234_567, 'it')).toBe('1,2 MB');
  });

  it('says what is left by the pace of the last seconds, not of a pause before', () => {
    const pace = new Pace(8000);
    expect(pace.left(100)).toBeUndefined();
    for (let second = 0; second <= 20; second += 1) pace.add(second * 1000, second * 1000);
    expect(pace.left(30_000)).toBeCloseTo(10, 1);
    // twice as fast from now on
    for (let second = 21; second <= 40; second += 1) pace.add(20_000 + (second - 20) * 2000, second * 1000);
    expect(pace.left(80_000)).toBeCloseTo(10, 1);
    pace.add(1000, 41_000);
    expect(pace.left(80_000)).toBeUndefined();
  });

  it('says nothing while nothing moves', () => {
    const pace = new Pace();
    pace.add(500, 0);
    pace.add(500, 5000);
    expect(pace.left(1000)).toBeUndefined();
  });

  it('rounds seconds so that they do not flicker', () => {
    expect([0.2, 9.1, 12, 61, 3599].map(minutes)).toEqual([[0, 1], [0, 10], [0, 15], [1, 5], [60, 0]]);
  });
});

const PLAN: PlanFile = {
  version: 1, layer: 'alberi', title: { it: 'Alberi', en: 'Trees' }, 'swap-axes': false,
  rules: { duplicate: 'keep', 'repeated-key': 'stop' },
  field: [
    { source: 'CODICE', name: 'codice', type: 'text' },
    { source: 'H', name: 'altezza', type: 'number', unit: 'm' },
    { source: 'SPECIE', name: 'specie', type: 'text', skip: true },
  ],
  found: {
    made: '2026-11-29 12:00',
    file: [{ name: 'a.gpkg', format: 'GPKG', layer: 'a', encoding: 'UTF-8', crs: 'EPSG:3003 (Monte Mario)', rows: 3, points: 3, lines: 0, areas: 0, without: 0 }],
    candidate: [
      { crs: 'EPSG:3003', title: 'Gauss-Boaga', swapped: false, 'inside-percent': 100, 'distance-m': 0 },
      { crs: 'EPSG:7792', title: 'RDN2008', swapped: true, 'inside-percent': 0, 'distance-m': 1200 },
    ],
    column: [{ source: 'CODICE', filled: 3, values: ['1', '2', '3'], more: false, unique: true }, { source: 'H', filled: 2, values: ['4', '5'], more: false }, { source: 'SPECIE', filled: 3, values: ['x'], more: true }],
  },
};

describe('a plan', () => {
  it('is sent without what says nothing', () => {
    const sent = tidy({ ...PLAN, key: '', licence: undefined, validity: { from: '' }, field: [{ source: 'H', name: '', type: 'number', unit: '', codes: [] }] } as unknown as PlanFile);
    expect(Object.keys(sent)).not.toEqual(expect.arrayContaining(['key']));
    expect('validity' in sent || 'licence' in sent).toBe(false);
    // an empty name is wrong, and the server says so at the field
    expect(sent.field).toEqual([{ source: 'H', name: '', type: 'number' }]);
    expect(tidy({ ...PLAN, validity: { from: 'DAL', to: '' } }).validity).toEqual({ from: 'DAL' });
  });

  it('is changed without touching what it was', () => {
    const changed = withRule(withField(PLAN, 1, { name: 'h' }), 'duplicate', 'keep-out');
    expect([changed.field?.[1]?.name, changed.rules?.['duplicate'], PLAN.field?.[1]?.name, PLAN.rules?.['duplicate']]).toEqual(['h', 'keep-out', 'altezza', 'keep']);
  });

  it('knows which candidate it reads the rows as, by its own word or by the file’s', () => {
    const [stated, swapped] = PLAN.found!.candidate!;
    expect([isChosen(PLAN, stated!), isChosen(PLAN, swapped!)]).toEqual([true, false]);
    const other = readAs(PLAN, { crs: 'EPSG:7792', swapped: true });
    expect([isChosen(other, stated!), isChosen(other, swapped!)]).toEqual([false, true]);
    expect(readAs(other, { crs: undefined, swapped: false })).not.toHaveProperty('crs');
    expect(placing(other)).not.toBe(placing(PLAN));
    expect(placing(withField(PLAN, 0, { name: 'c' }))).toBe(placing(PLAN));
  });

  it('reads what a file states', () => {
    const file = PLAN.found!.file[0]!;
    expect(['EPSG:3003', 'EPSG:3003 (Monte Mario)', 'OGC:CRS84', 'none', 'unknown: Local'].map((crs) => statedBy({ ...file, crs }))).toEqual(['EPSG:3003', 'EPSG:3003', 'OGC:CRS84', undefined, undefined]);
  });

  it('is undecided while no system is said and a file states none', () => {
    const silent: PlanFile = { ...PLAN, found: { ...PLAN.found!, file: [{ ...PLAN.found!.file[0]!, crs: 'none' }] } };
    expect([isUndecided(PLAN), isUndecided(silent), isUndecided(readAs(silent, { crs: 'EPSG:4326', swapped: false }))]).toEqual([false, true, false]);
    expect(isUndecided({ ...silent, place: { by: 'address', street: 'via' } })).toBe(false);
  });

  it('places rows by a parcel or by an address, and speaks of the columns of one alone', () => {
    const parcel: PlanFile = { ...PLAN, place: { by: 'parcel-point', sheet: 'FG', number: 'PART', comune: 'COM', similar: true } };
    expect(withPlace(parcel, { by: 'parcel-area' }).place).toEqual({ by: 'parcel-area', sheet: 'FG', number: 'PART', comune: 'COM', similar: true });
    expect(withPlace(parcel, { reference: 'RIF' }).place).toEqual({ by: 'parcel-point', reference: 'RIF', comune: 'COM', similar: true });
    expect(withPlace(parcel, { comune: '' }).place).toEqual({ by: 'parcel-point', sheet: 'FG', number: 'PART', similar: true });
    const address = withPlace(withPlace(parcel, { by: 'address' }), { street: 'VIA', similar: false });
    expect(address.place).toEqual({ by: 'address', street: 'VIA', comune: 'COM', similar: false });
    expect(withPlace(address, { by: 'parcel-point' }).place).toEqual({ by: 'parcel-point', comune: 'COM', similar: false });
    expect(PLAN.place).toBeUndefined();
  });

  it('offers a key where each row has a value of its own', () => {
    expect(['CODICE', 'H', 'SPECIE', 'none'].map((source) => mayBeKey(PLAN, source))).toEqual([true, false, false, false]);
    expect(codesOf(PLAN.found!.column![1])).toEqual([{ value: '4', it: '4', en: '4' }, { value: '5', it: '5', en: '5' }]);
  });

  it('has each of the server’s sentences where it belongs', () => {
    expect(faultsOf({ errors: [{ field: 'field[1].name', detail: 'a' }, { field: 'rules.duplicate', detail: 'b' }, { field: 'source_date', detail: 'c' }] }, PLAN, 'en')).toEqual({ 'field.1.name': 'a', 'rules.duplicate': 'b', 'source-date': 'c' });
    expect(faultsOf({ errors: [{ field: 'fields.2', detail: 'a' }] }, PLAN, 'en')).toEqual({ 'field.2.name': 'a' });
    // by the words in it, where no place is told
    const twice = withField(PLAN, 1, { name: 'codice' });
    expect(Object.keys(faultsOf({ detail: 'two columns become the field `codice`; give one of them another name' }, twice, 'en'))).toEqual(['field.1.name']);
    expect(Object.keys(faultsOf({ detail: '`comune` says whose every row is, so `comune-field` can’t' }, PLAN, 'en'))).toEqual(['comune']);
    expect(faultsOf({ detail: 'the plan: the plan can\'t be taken: `geom` is taken' }, PLAN, 'en')).toEqual({ '': '`geom` is taken' });
    expect(faultsOf({ title: 'No' }, PLAN, 'en')).toEqual({ '': 'No' });
    // in the reader's language, where the server has it
    const words = { it: 'il piano non si può prendere: `geom` è presa', en: 'the plan: the plan can\'t be taken: `geom` is taken' };
    expect((['it', 'en'] as const).map((lang) => faultsOf({ detail: words.en, words }, PLAN, lang)[''])).toEqual(['`geom` è presa', '`geom` is taken']);
    const errors = [{ field: 'key', detail: 'no such column', words: { it: 'non c’è questa colonna', en: 'no such column' } }];
    expect(faultsOf({ errors }, PLAN, 'it')).toEqual({ key: 'non c’è questa colonna' });
    expect((['it', 'en'] as const).map((lang) => saidBy({ title: 'T', detail: words.en, words }, lang))).toEqual([words.it, words.en]);
    expect([saidBy({ title: 'T', detail: 'D' }, 'it'), saidBy({ title: 'T' }, 'it'), saidBy({}, 'it')]).toEqual(['D', 'T', undefined]);
    // a field that is left out has no name to be wrong
    expect(Object.keys(faultsOf({ detail: 'the field `specie`' }, PLAN, 'en'))).toEqual(['']);
  });
});

const difference = (rows: Partial<Difference['rows']>, more: Partial<Difference> = {}): Difference => ({
  key: 'codice', written: false, rows: { new: 0, changed: 0, vanished: 0, same: 0, ...rows }, kept: 0, vanished_stay: false, fields: [],
  moved: { rows: 0, median_m: 0, farthest_m: 0 }, edited: { rows: 0, examples: [] }, ...more,
});

describe('a difference', () => {
  it('warns when a third vanishes, unless they stay, or are a handful', () => {
    expect(vanishing(difference({ vanished: 50, same: 50, changed: 50 }))).toBeCloseTo(1 / 3);
    expect(vanishing(difference({ vanished: 50, same: 101 }))).toBeUndefined();
    expect(vanishing(difference({ vanished: 50, same: 50, changed: 50 }, { kept: 10 }))).toBeUndefined();
    expect(vanishing(difference({ vanished: 90, same: 10 }, { vanished_stay: true }))).toBeUndefined();
    expect(vanishing(difference({ vanished: 4, same: 0 }))).toBeUndefined();
    // the server knows better what is much of a large layer
    expect(vanishing(difference({ vanished: 25, same: 75 }, { too_many_vanish: true }))).toBeCloseTo(0.25);
    // new rows are none of those that were there
    expect(vanishing(difference({ vanished: 40, same: 60, new: 1000 }))).toBeCloseTo(0.4);
  });

  it('shows values on a line', () => {
    expect([null, '', 'Leccio', 4.5, false, 'x'.repeat(61)].map(short)).toEqual(['–', '–', 'Leccio', '4.5', 'false', `${'x'.repeat(59)}…`]);
  });

  it('is none where nothing is to be written', () => {
    expect([difference({ same: 9 }), difference({ vanished: 1 }), difference({ vanished: 1 }, { vanished_stay: true }), difference({ new: 1 })].map(isSame)).toEqual([true, false, true, false]);
  });
});

const point = (x: number, y: number): Geometry => ({ type: 'Point', coordinates: [x, y] });
const change = (id: string, geometry: Geometry | null, properties: Record<string, unknown>) => ({ type: 'Feature' as const, id, geometry: geometry as Geometry, properties });
const collection = (...features: FeatureCollection['features']): FeatureCollection => ({ type: 'FeatureCollection', features });
const roles = (data: FeatureCollection) => data.features.map(({ properties }) => properties?.['role'] as string);

describe('what a delivery shows on the map', () => {
  it('is new, vanished and changed rows, each with its sign, and where those that moved were', () => {
    const data = changesData(collection(
      change('a', point(1, 1), { difference: 'changed', side: 'before', moved_m: 12 }),
      change('a', point(3, 1), { difference: 'changed', side: 'after', moved_m: 12 }),
      change('b', point(5, 5), { difference: 'changed', side: 'before', moved_m: null }),
      change('b', point(5, 5), { difference: 'changed', side: 'after', moved_m: null }),
      change('c', point(6, 6), { difference: 'new', side: 'after' }),
      change('d', point(7, 7), { difference: 'vanished', side: 'before' }),
      change('e', null, { difference: 'vanished', side: 'before' }),
    ));
    expect(roles(data)).toEqual(['before', 'path', 'changed', 'changed-sign', 'changed', 'changed-sign', 'new', 'new-sign', 'vanished', 'vanished-sign']);
    expect(data.features[1]?.geometry).toEqual({ type: 'LineString', coordinates: [[1, 1], [3, 1]] });
    expect(new Set(data.features.filter(({ properties }) => properties?.['sign']).map(({ properties }) => properties?.['sign'] as string)).size).toBe(3);
    expect(boxOf(data)).toEqual([1, 1, 7, 7]);
  });

  it('is the sample, and the places of what was found with the chosen one', () => {
    expect(roles(previewData(collection(change('a', point(1, 1), { name: 'x' }), change('b', null, {}))))).toEqual(['preview']);
    const examples = [{ row: '1', at: [1, 2] as [number, number] }, { row: '2' }, { row: '3', at: [3, 4] as [number, number] }];
    expect(roles(findingsData(examples, [3, 4]))).toEqual(['found', 'chosen']);
    expect(boxOf(collection())).toBeUndefined();
  });

  it('is shown without the few that lie far off', () => {
    const town = Array.from({ length: 60 }, (_, i) => change(`t${i}`, point(15 + (i % 8) / 1000, 38 + Math.floor(i / 8) / 1000), {}));
    const [far, edge] = [change('far', point(9, 45), {}), change('edge', point(15.009, 38.009), {})];
    expect(boxOfMost(collection(...town, far, edge))).toEqual([15, 38, 15.009, 38.009]);
    expect(boxOfMost(collection(far, edge))).toEqual([9, 38.009, 15.009, 45]);
    // two heaps are both shown
    expect(boxOfMost(collection(...town, ...town.map(({ id }) => change(`${id}`, point(9, 45), {}))))).toEqual([9, 38, 15.007, 45]);
  });

  it('lies over the data and under nothing of theirs', () => {
    const style = { version: 8, sources: { s: { type: 'vector', url: 'x' } }, layers: [{ id: 'data', type: 'line', source: 's' }] } as unknown as StyleSpecification;
    const other = { sources: { other: { type: 'geojson' as const, data: collection() } }, layers: [{ id: 'mine', type: 'line' as const, source: 'other' }] as LayerSpecification[] };
    const composed = compose(style, { on: new Set(), opacity: new Map(), overlay: over(staged(), other) });
    const ids = composed.layers.map(({ id }) => id);
    expect([ids[0], ids.at(-1)]).toEqual(['data', 'mine']);
    expect(Object.keys(composed.sources)).toEqual(['s', STAGED, 'other']);
    expect(over(undefined, other)).toEqual(other);
  });
});

describe('a style that is tried out', () => {
  const layer = (id: string, of: string, order: number) => ({ id, type: 'circle', source: 's', metadata: { 'opensit:layer': of, 'opensit:order': order } }) as unknown as LayerSpecification;
  const style = { version: 8, sources: {}, layers: [layer('parcels/fill', 'parcels', 100), layer('trees/point', 'trees', 700), layer('names', 'names', 900)] } as unknown as StyleSpecification;

  it('takes the place of the layer’s own, each part where it belongs in the whole', () => {
    const tried = drawnAs(style, 'trees', [layer('trees/halo', 'trees', 50), layer('trees/a', 'trees', 700), layer('trees/top', 'trees', 950)]);
    expect(tried.layers.map(({ id }) => id)).toEqual(['trees/halo', 'parcels/fill', 'trees/a', 'names', 'trees/top']);
    expect(style.layers.map(({ id }) => id)).toEqual(['parcels/fill', 'trees/point', 'names']);
  });
});

describe('an export', () => {
  it('asks for what was chosen and for nothing else', () => {
    expect(bodyOf({ format: 'gpkg' })).toEqual({ format: 'gpkg' });
    expect(bodyOf({ format: 'shp', bbox: [1, 2, 3, 4], filter: "comune = '080901'", crs: 'EPSG:3003' })).toEqual({ format: 'shp', bbox: [1, 2, 3, 4], filter: "comune = '080901'", crs: 'EPSG:3003' });
    // these two know degrees alone
    expect(bodyOf({ format: 'kml', crs: 'EPSG:3003' })).toEqual({ format: 'kml' });
    expect([ofComune('080901'), ofComune(undefined), ofComune("x'y")]).toEqual(["comune = '080901'", undefined, "comune = 'x''y'"]);
  });
});

describe('the texts', () => {
  it('counts one row as one, in both languages', () => {
    const say = (n: number) => [italian, en].map((table) => filled(table['difference.kept'], { n }));
    expect(say(1)).toEqual(['1 riga resta com’è: nella consegna è esclusa da una regola.', '1 row stays as it is: in the delivery a rule keeps it out.']);
    expect(say(2)).toEqual(['2 righe restano come sono: nella consegna sono escluse da una regola.', '2 rows stay as they are: in the delivery a rule keeps them out.']);
    expect([1, 400].map((rows) => filled(italian['layer.exists'], { title: 'Alberi', rows }))).toEqual(['Esiste già: «Alberi», 1 riga.', 'Esiste già: «Alberi», 400 righe.']);
  });

  it('have the same blanks in both languages', () => {
    const blanks = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort().join();
    for (const key of Object.keys(italian) as (keyof typeof italian)[]) expect(blanks(en[key]), key).toBe(blanks(italian[key]));
  });
});
