// A flood version is uploaded and put in force, and a tree inspected, by an officer in a real browser; what applies at a place, before and after.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { desktop, enterAs, isAccessible, MARCO, phone, visit } from './people.mjs';
import { mapIsDrawn, startTown } from './town.mjs';

let town;
before(async () => (town = await startTown()), { timeout: 180_000 });
after(() => town?.stop());

/** A place in Castelmarina where the plan in force has no flood, and a square about it. */
function dryPlace() {
  const text = town.psql(`
    select round(st_x(g)::numeric, 6) || '|' || round(st_y(g)::numeric, 6)
      from (select st_transform(geom, 4326) as g from territory.house_numbers h
             where comune = '080901' and not exists (
                   select from environment.flood_zones z where z.published and z.valid_to is null and st_dwithin(z.geom, h.geom, 200))
             order by id limit 1) t`);
  const [lon, lat] = text.split('|').map(Number);
  const d = 0.0006;
  const ring = [[lon - d, lat - d], [lon + d, lat - d], [lon + d, lat + d], [lon - d, lat + d], [lon - d, lat - d]];
  const feature = { type: 'Feature', properties: { class: 'P3', water: 'Fosso di prova' }, geometry: { type: 'Polygon', coordinates: [ring] } };
  return { place: `${lon},${lat}`, file: JSON.stringify({ type: 'FeatureCollection', features: [feature] }) };
}

/** What the page of a place says of floods. */
async function floodAt(page, place) {
  await page.goto(`${town.url}/environment/at?point=${place}`);
  return page.locator('[data-kind=flood]');
}

for (const [name, size, daysAgo] of [['phone', phone, 2], ['desktop', desktop, 1]]) {
  test(`a flood version is uploaded, put in force and applies, at ${name} width`, () =>
    visit(town, '/portal/', async (page) => {
      await mapIsDrawn(page);
      await enterAs(page, MARCO);
      const { place, file } = dryPlace();
      const was = await floodAt(page, place);
      assert.equal(await was.getAttribute('data-answer'), 'none_found');
      await was.getByText('Nulla, secondo il rilievo').waitFor();
      await page.locator('[data-kind=landslide]').waitFor();
      await isAccessible(page, 'what applies at a place');
      await page.goto(`${town.url}/environment/datasets/`);
      await isAccessible(page, 'the list of surveys');
      await page.locator('form[enctype] [name=kind]').selectOption('flood');
      await page.getByLabel('Titolo').fill(`Terzo ciclo (${name})`);
      const current = town.psql(`select id from environment.datasets where kind = 'flood' and comune = '080901' and ends is null and published`);
      await page.getByLabel('Prende il posto di').selectOption(current);
      await page.getByLabel('Fonte', { exact: true }).fill('Autorità di bacino dello Stretto, delibera 9/2026');
      await page.getByLabel('Elementi: file GeoJSON').setInputFiles({ name: 'p3.geojson', mimeType: 'application/geo+json', buffer: Buffer.from(file) });
      await page.getByRole('button', { name: 'Carica la bozza' }).click();
      await page.getByRole('heading', { name: new RegExp(`Terzo ciclo \\(${name}\\)`) }).waitFor();
      await page.locator('p[role=status] .state', { hasText: 'bozza' }).waitFor();
      await isAccessible(page, 'a draft');
      const address = page.url();
      // a draft applies nowhere yet
      assert.equal(await (await floodAt(page, place)).getAttribute('data-answer'), 'none_found');
      await page.goto(address);
      // one version after the other, the second a day later
      await page.getByLabel('Dal giorno').fill(new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10));
      await page.getByRole('button', { name: 'Metti in vigore' }).click();
      await page.locator('p[role=status] .state', { hasText: 'in vigore' }).waitFor();
      await page.locator('.timeline .state', { hasText: 'sostituita' }).first().waitFor();
      const is = await floodAt(page, place);
      assert.equal(await is.getAttribute('data-answer'), 'found');
      await is.getByText('P3, elevata').waitFor();
      await is.getByText('delibera 9/2026').waitFor();
      // nothing is wider than the screen
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 1, `the page is ${wide} px too wide`);
    }, { size }));

  test(`a tree is inspected, at ${name} width`, () =>
    visit(town, '/portal/', async (page) => {
      await mapIsDrawn(page);
      await enterAs(page, MARCO);
      const offset = size === phone ? 0 : 1;
      const id = town.psql(`select id from environment.trees t where comune = '080901' and not exists (
        select from environment.tree_inspections i where i.tree = t.id) order by id offset ${offset} limit 1`);
      await page.goto(`${town.url}/environment/trees/${id}`);
      await page.getByText('Nessuna verifica registrata.').waitFor();
      await isAccessible(page, 'a tree');
      await page.getByLabel('Classe di propensione al cedimento').selectOption('C/D');
      await page.getByLabel('Annotazioni').fill('Cavità al colletto <b>');
      await page.getByRole('button', { name: 'Registra' }).click();
      await page.locator('.timeline', { hasText: 'C/D, elevata' }).waitFor();
      await page.getByText('Cavità al colletto <b>').waitFor();
      assert.equal(town.psql(`select count(*) from environment.tree_inspections where tree = '${id}' and next_due = inspected + interval '12 months'`), '1');
      await page.goto(`${town.url}/environment/trees/?due=overdue`);
      await page.locator('tbody .state', { hasText: 'scaduta' }).first().waitFor();
      await isAccessible(page, 'the list of what is due');
    }, { size }));
}

test('the pages of alerts and burnt areas are accessible, in the dark too', () =>
  visit(town, '/environment/alerts', async (page, seen) => {
    await page.locator('.alert', { hasText: 'giallo: ordinaria' }).first().waitFor();
    await isAccessible(page, 'alerts');
    await page.goto(`${town.url}/environment/burnt-areas/`);
    await isAccessible(page, 'burnt areas');
    await page.locator('tbody th a').first().click();
    await page.getByRole('heading', { name: 'Particelle toccate' }).waitFor();
    await isAccessible(page, 'a burnt area');
    assert.deepEqual(seen.errors, []);
  }, { size: phone, colorScheme: 'dark' }));
