// What an officer does alone: a file becomes a layer, a second delivery an update, and a file that is wrong tells how.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { desktop, enterAs, inTiles, isAccessible, MARCO, phone, visit } from './people.mjs';
import { mapIsDrawn, startTown } from './town.mjs';

const PLENTY = 30_000;
/** A file that is chosen twice is known again by its name, size and time: they lie on the disk. */
const folder = mkdtempSync(join(tmpdir(), 'opensit-deliveries-'));
/** Pictures are left here, where somebody asks for them: SHOTS=folder node --test deliveries.test.mjs */
const shots = process.env.SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

let town;
let places;
before(async () => {
  town = await startTown();
  const rows = town.psql("select st_x(g), st_y(g) from (select st_transform(geom, 4326) as g from territory.house_numbers where comune = '080901' order by id limit 440) t");
  places = rows.split('\n').map((row) => row.split('|').map(Number));
}, { timeout: 180_000 });
after(() => {
  rmSync(folder, { recursive: true, force: true });
  return town?.stop();
});

const SPECIES = ['Pino domestico', 'Leccio', 'Platano', 'Tiglio'];
// some hundred kilobytes, so that an upload can be interrupted
const NOTE = 'rilievo sul posto, pianta sana, '.repeat(28);
const tree = (i, [lon, lat], more = {}) => ({ codice: `T${String(i).padStart(4, '0')}`, specie: SPECIES[i % 4], altezza_m: 3 + (i % 23) / 2, rilievo: '2024-03-01', lon, lat, nota: NOTE, ...more });
const trees = () => places.slice(0, 400).map((place, i) => tree(i, place));
const csv = (rows) => [Object.keys(rows[0]).join(';'), ...rows.map((row) => Object.values(row).join(';'))].join('\n');
function file(name, rows) {
  const path = join(folder, name);
  writeFileSync(path, csv(rows));
  return path;
}

/** The same trees a year later: 100 moved, 50 cut, 20 planted. */
function yearLater() {
  const moved = ({ lat, ...row }, i) => ({ ...row, lon: row.lon, lat: i < 100 ? lat + 0.00004 : lat });
  const order = Object.keys(trees()[0]);
  const rows = [...trees().map(moved).slice(0, 350), ...places.slice(400, 420).map((place, i) => tree(900 + i, place))];
  return rows.map((row) => Object.fromEntries(order.map((name) => [name, row[name]])));
}

const choose = (page, ...files) => page.locator('input[data-files]').setInputFiles(files);
const button = (page, name) => page.locator('#panel').getByRole('button', { name, exact: true });
const staged = (page) => page.evaluate(() => {
  const roles = {};
  for (const { properties } of window.__opensit.map.getSource('opensit-staged')?.serialize().data.features ?? []) roles[properties.role] = (roles[properties.role] ?? 0) + 1;
  return roles;
});
const shoot = async (page, name) => {
  if (!shots) return;
  await page.waitForTimeout(600);
  await page.screenshot({ path: join(shots, `${name}.png`) });
};

async function open(page, person = MARCO) {
  page.setDefaultTimeout(PLENTY);
  await mapIsDrawn(page);
  await enterAs(page, person);
  await page.locator('#tools').getByRole('button', { name: 'Carica dati' }).click();
  await page.getByText('Trascina qui i file').waitFor();
}

/** The delivery's plan is on the screen. */
const planned = (page) => page.getByRole('heading', { name: 'Che cosa c’è nel file' }).waitFor();
const rowsOf = (id) => Number(town.psql(`select count(*) from published.${id}`));

test('an interrupted upload goes on after a reload; from the plan comes a draft, from the draft a layer that everybody sees', () =>
  visit(town, '/portal/', async (page, seen) => {
    await open(page);
    await isAccessible(page, 'where files are dropped');
    await shoot(page, 'deliveries-list');
    const network = await page.context().newCDPSession(page);
    const slowly = (uploadThroughput) => network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
    await slowly(60_000);
    const sent = file('alberi_prova.csv', trees());
    await choose(page, sent);
    await page.waitForFunction(() => document.querySelector('#panel progress')?.value > 60_000);
    await shoot(page, 'deliveries-sending');
    await page.reload();
    await mapIsDrawn(page);
    await page.getByText('Invii interrotti').waitFor();
    const pieces = [];
    page.on('request', (request) => request.method() === 'PATCH' && pieces.push(Number(request.headers()['upload-offset'])));
    await slowly(-1);
    await choose(page, sent);
    await planned(page);
    assert.ok(pieces.length > 0 && pieces[0] > 0, `it began anew at ${pieces}`);

    // a CSV states no system, and degrees may be of several datums: who loads it says which, and the map shows where the rows would lie
    await page.locator('.warn', { hasText: 'alberi_prova.csv' }).first().waitFor();
    assert.equal(await button(page, 'Carica come bozza').isDisabled(), true);
    await page.getByText('Prima scegli il sistema di coordinate').waitFor();
    await page.getByRole('radio', { name: /EPSG:4265/ }).scrollIntoViewIfNeeded();
    await isAccessible(page, 'a plan without a system');
    await shoot(page, 'deliveries-undecided');
    const shifted = async (name) => {
      await page.getByRole('radio', { name }).check();
      await page.waitForFunction(() => window.__opensit.map.getSource('opensit-staged')?.serialize().data.features.length === 400);
      return page.evaluate(() => window.__opensit.map.getSource('opensit-staged').serialize().data.features[0].geometry.coordinates);
    };
    const [romeLon] = await shifted(/EPSG:4265/);
    await page.getByRole('radio', { name: /EPSG:4326/ }).check();
    await page.waitForFunction((lon) => window.__opensit.map.getSource('opensit-staged')?.serialize().data.features[0].geometry.coordinates[0] !== lon, romeLon);
    await page.waitForFunction(() => window.__opensit.map.getSource('opensit-staged')?.serialize().data.features.length === 400);
    await isAccessible(page, 'the plan');
    await shoot(page, 'deliveries-plan');
    await page.getByLabel('Titolo in inglese').fill('Trial trees');
    await page.getByLabel('Chiave', { exact: true }).selectOption('codice');
    await page.locator('summary', { hasText: 'Campi' }).click();
    await page.getByRole('button', { name: 'Dettagli di specie' }).click();
    await page.getByLabel('Nome del campo').fill('fid');
    await page.locator('.wrong', { hasText: 'fid' }).waitFor();
    await isAccessible(page, 'a plan with a fault');
    await shoot(page, 'deliveries-fault');
    await page.getByLabel('Nome del campo').fill('specie');
    await page.locator('.wrong').waitFor({ state: 'detached' });
    await button(page, 'Carica come bozza').click();
    await page.getByRole('heading', { name: 'Che cosa si è trovato' }).waitFor();
    assert.equal(rowsOf('alberi_prova'), 400);
    await isAccessible(page, 'the report');
    await mapIsDrawn(page);
    await shoot(page, 'deliveries-report');

    // nobody else sees a draft
    const anybody = () => fetch(`${town.url}/collections/alberi_prova/items?limit=1`).then(({ status }) => status);
    assert.equal(await anybody(), 404);
    await button(page, 'Pubblicazione').first().click();
    await page.getByText('È una bozza').waitFor();
    await page.getByLabel('Distingui per').selectOption('specie');
    const bySpecies = page.getByRole('radio', { name: /Leccio/ }).first();
    await bySpecies.check();
    await page.waitForFunction(() => JSON.stringify(window.__opensit.map.getStyle().layers.filter((layer) => layer['source-layer'] === 'alberi_prova')).includes('Leccio'));
    await page.getByLabel('Licenza').fill('CC-BY-4.0');
    await page.getByLabel('Fonte da citare').fill('Comune di Castelmarina');
    await page.getByLabel('Data dei dati').fill('2026-10-01');
    await isAccessible(page, 'the publication');
    await shoot(page, 'deliveries-publish');
    await button(page, 'Pubblica').click();
    await page.getByText('Pubblicato:').waitFor();
    assert.equal(await anybody(), 200);
    await visit(town, '/portal/#lang=en', async (citizen) => {
      citizen.setDefaultTimeout(PLENTY);
      await mapIsDrawn(citizen);
      await citizen.evaluate(([lon, lat]) => {
        window.__opensit.portal.toggle('alberi_prova', true);
        window.__opensit.map.jumpTo({ center: [lon, lat], zoom: 16 });
      }, places[0]);
      await mapIsDrawn(citizen);
      await citizen.waitForFunction(() => window.__opensit.map.queryRenderedFeatures().some(({ sourceLayer }) => sourceLayer === 'alberi_prova'));
      assert.ok((await inTiles(citizen, 'alberi_prova')) > 0);
      assert.equal(await citizen.locator('#tools').getByRole('button', { name: 'Load data' }).count(), 0);
    });
    // the plan that was refused, the draft that nobody saw
    assert.deepEqual(seen.errors.filter((error) => !/400|net::|Failed to load/.test(error)), []);
  }, { size: { width: 1440, height: 900 } }));

test('a second delivery is compared first: what is new, moved and gone is on the map, is applied, and is taken back', () =>
  visit(town, '/portal/', async (page) => {
    await open(page);
    const sum = () => town.psql("select md5(string_agg(id || st_astext(geom) || specie, ',' order by id)) from published.alberi_prova");
    const before = sum();
    await choose(page, file('alberi_prova.csv', yearLater()));
    await planned(page);
    await page.getByText('Il livello c’è già. Che cosa fare?').waitFor();
    assert.ok(await page.getByRole('radio', { name: /Aggiorna per chiave/ }).isChecked());
    await button(page, 'Confronta').click();
    await page.getByRole('heading', { name: 'Che cosa cambierebbe' }).waitFor();
    assert.deepEqual(await page.locator('#panel .counts strong').allTextContents(), ['20', '100', '50', '250']);
    await page.waitForFunction(() => window.__opensit.map.getSource('opensit-staged')?.serialize().data.features.length > 0);
    const { new: made, changed, vanished, before: was } = await staged(page);
    assert.deepEqual([made, changed, vanished, was], [20, 100, 50, 100]);
    assert.equal(sum(), before, 'looking writes nothing');
    await page.locator('summary', { hasText: 'Esempi' }).click();
    await page.getByRole('button', { name: /^cambiate: T00/ }).first().click();
    await page.waitForFunction(() => window.__opensit.map.getZoom() > 17);
    await isAccessible(page, 'the difference');
    await shoot(page, 'deliveries-difference-row');
    await button(page, 'Inquadra').click();
    await page.waitForFunction(() => window.__opensit.map.getZoom() < 17);
    await shoot(page, 'deliveries-difference');
    await button(page, 'Applica').click();
    await button(page, 'Ritira questo aggiornamento').waitFor();
    assert.equal(rowsOf('alberi_prova'), 370);
    await shoot(page, 'deliveries-updated');
    await button(page, 'Ritira questo aggiornamento').click();
    await page.getByText('Aggiornamento ritirato').waitFor();
    assert.equal(sum(), before, 'the rows are what they were');
  }, { size: { width: 1440, height: 900 } }));

test('a delivery that has few of the rows is warned of, and applied only by who says so; or it leaves the others where they are', () =>
  visit(town, '/portal/', async (page) => {
    await open(page);
    await choose(page, file('alberi_prova.csv', trees().slice(0, 100)));
    await planned(page);
    await button(page, 'Confronta').click();
    await page.locator('.warn', { hasText: '75' }).waitFor();
    await shoot(page, 'deliveries-warning');
    // who says so may all the same; and take it back
    await button(page, 'Applica, togliendo 300 righe').click();
    await button(page, 'Ritira questo aggiornamento').waitFor();
    assert.equal(rowsOf('alberi_prova'), 100);
    await button(page, 'Ritira questo aggiornamento').click();
    await page.getByText('Aggiornamento ritirato').waitFor();
    assert.equal(rowsOf('alberi_prova'), 400);

    await page.getByRole('button', { name: 'Tutte le consegne' }).click();
    await choose(page, file('alberi_prova.csv', trees().slice(0, 100)));
    await planned(page);
    await button(page, 'Confronta').click();
    await button(page, 'Confronta di nuovo, lasciando dove sono quelle sparite').click();
    await page.getByText('Nulla di diverso').waitFor();
    assert.equal(rowsOf('alberi_prova'), 400);
    page.once('dialog', (dialog) => void dialog.accept());
    await button(page, 'Elimina la consegna').click();
    await page.getByText('Trascina qui i file').waitFor();
    assert.equal(rowsOf('alberi_prova'), 400);
  }));

test('a file that is wrong in five ways tells where, and an example is one click from its place', () =>
  visit(town, '/portal/', async (page) => {
    await open(page);
    const rows = trees().slice(0, 60).map(({ nota: _, ...row }) => row);
    rows[3].specie = 'Quercia, perchÃ© non si sa';
    rows[7].rilievo = '2099-01-01';
    rows[11] = { ...rows[10] };
    rows[20] = { ...rows[20], lon: 9.19, lat: 45.46 };
    rows[30] = { ...rows[30], lon: '', lat: '' };
    await choose(page, file('alberi_sbagliati.csv', rows));
    await planned(page);
    await page.locator('.warn li').first().waitFor();
    await shoot(page, 'deliveries-wrong-plan');
    // its columns are those of the trees before: it is taken for their next delivery, and is a layer of its own
    await page.getByLabel('Identificativo').fill('alberi_sbagliati');
    await page.getByText('È un livello nuovo').waitFor();
    // a key that repeats stops everything, says which, and the plan is there to be changed
    await page.getByLabel('Chiave', { exact: true }).selectOption('codice');
    await button(page, 'Carica come bozza').click();
    await page.getByText('Non è stato caricato nulla').waitFor();
    const why = await page.getByRole('alert').first().textContent();
    assert.match(why, /la colonna codice non distingue le righe.*T0010.*scegliere un'altra chiave nel piano/s);
    assert.equal(await page.getByRole('alert').first().locator('code', { hasText: /^codice$/ }).count(), 1, 'what is between backticks is code');
    assert.doesNotMatch(why, /--|does not tell/, 'in the language of the panel, and by what the panel has');
    assert.equal(town.psql("select to_regclass('published.alberi_sbagliati') is null"), 't');
    await shoot(page, 'deliveries-failed');
    await page.locator('summary', { hasText: 'Regole' }).click();
    await page.locator('#rule-repeated-key').selectOption('keep-out');
    await page.getByText('Non è stato caricato nulla').waitFor({ state: 'detached' });
    await button(page, 'Carica come bozza').click();
    await page.getByRole('heading', { name: 'Che cosa si è trovato' }).waitFor();
    await page.locator('#panel .body').evaluate((body) => body.scrollTo(0, 0));
    const told = await page.locator('#panel').textContent();
    for (const words of ['accenti', 'nel futuro', '10 km', 'senza geometria', 'chiave']) assert.ok(told.includes(words), `${words} is not in: ${told}`);
    const example = page.getByRole('button', { name: /^riga .*mostra sulla mappa/ }).first();
    await example.click();
    await page.waitForFunction(() => window.__opensit.map.getZoom() > 18.9);
    assert.equal((await staged(page)).chosen, 1);
    await isAccessible(page, 'a report with findings');
    await shoot(page, 'deliveries-findings');
  }, { size: { width: 1440, height: 900 } }));

test('a list without coordinates says by which columns it is placed, and is placed by those that somebody chooses', () =>
  visit(town, '/portal/', async (page) => {
    await open(page);
    const parcels = town.psql("select sheet, number from cadastre.parcels where comune = '080901' and kind = 'land' and valid_to is null order by md5(id) limit 40").split('\n').map((row) => row.split('|'));
    const rows = parcels.map(([sheet, number], i) => ({ pratica: `P${i}`, comune: '080901', foglio: sheet, particella: number, foglio_nuovo: i + 9000 }));
    await choose(page, file('concessioni.csv', rows));
    await planned(page);
    await page.getByRole('heading', { name: 'Posizione dal registro' }).waitFor();
    const sheet = page.getByLabel('Foglio', { exact: true });
    assert.equal(await sheet.inputValue(), 'foglio');
    await sheet.scrollIntoViewIfNeeded();
    await isAccessible(page, 'the columns of a place');
    await shoot(page, 'deliveries-place');
    // none of what is chosen now is in the register
    await sheet.selectOption('foglio_nuovo');
    await button(page, 'Carica come bozza').click();
    await page.getByText('Non è stato caricato nulla').waitFor();
    await page.getByLabel('Riferimento nazionale').selectOption('pratica');
    assert.equal(await sheet.inputValue(), '', 'a reference stands in their place');
    await sheet.selectOption('foglio');
    await page.locator('.wrong', { hasText: 'number' }).waitFor();
    await page.getByLabel('Particella', { exact: true }).selectOption('particella');
    await page.getByLabel('Ogni riga').selectOption('parcel-area');
    await page.locator('.wrong').waitFor({ state: 'detached' });
    await button(page, 'Carica come bozza').click();
    await page.getByRole('heading', { name: 'Che cosa si è trovato' }).waitFor();
    assert.equal(rowsOf('concessioni'), parcels.length);
    assert.match(town.psql('select distinct st_geometrytype(geom) from published.concessioni'), /Polygon/);
  }, { size: { width: 1440, height: 900 } }));

for (const [name, size, theme] of [['phone', phone, 'light'], ['phone', phone, 'dark'], ['desktop', desktop, 'dark'], ['desktop', desktop, 'contrast']]) {
  test(`a delivery is worked on at ${name} width in ${theme}, by keyboard, and comes back by its address`, () =>
    visit(town, `/portal/#theme=${theme}`, async (page, seen) => {
      await open(page);
      await page.locator('.list button', { hasText: 'caricata' }).first().focus();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Che cosa si è trovato' }).waitFor();
      await isAccessible(page, `the report on a ${name} in ${theme}`);
      await shoot(page, `deliveries-report-${name}-${theme}`);
      await page.waitForFunction(() => /panel=deliveries(:|%3A)/.test(location.hash));
      await page.reload();
      await page.getByRole('heading', { name: 'Che cosa si è trovato' }).waitFor();
      await button(page, 'Pubblicazione').first().click();
      await page.getByRole('radio', { name: 'Com’è adesso' }).waitFor();
      await isAccessible(page, `the publication on a ${name} in ${theme}`);
      await shoot(page, `deliveries-publish-${name}-${theme}`);
      assert.deepEqual(seen.errors, []);
    }, { size }));
}

test('a layer is taken away as a file by who is signed in', () =>
  visit(town, '/portal/#panel=layers', async (page) => {
    page.setDefaultTimeout(PLENTY);
    await mapIsDrawn(page);
    await enterAs(page, MARCO);
    // the draft of the wrong ones is called the same, and stands below
    await page.getByRole('button', { name: 'Informazioni su Alberi prova' }).nth(1).waitFor();
    await page.getByRole('button', { name: 'Informazioni su Alberi prova' }).first().click();
    await page.getByRole('button', { name: /^Esporta: / }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Formato').selectOption('geojson');
    await isAccessible(page, 'the export');
    const [download] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: 'Esporta' }).click()]);
    const { features } = JSON.parse(readFileSync(await download.path(), 'utf8'));
    assert.equal(features.length, 400);
    assert.ok(features.some(({ properties }) => properties.specie === 'Leccio'));
  }));
