// Features are made, changed and deleted on the map, in a real browser; and two people change the same one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ADA, desktop, ELENA, enterAs, inTiles, isAccessible, MARCO, phone, visit } from './people.mjs';
import { mapIsDrawn, startTown } from './town.mjs';

let town;
before(async () => (town = await startTown()), { timeout: 180_000 });
after(() => town?.stop());

/** Where a feature is stored, degrees. */
const placeOf = (id) => town.psql(`select st_x(g), st_y(g) from (select st_transform(geom, 4326) g from tourism.events where id = '${id}') t`).split('|').map(Number);
/** An event of Castelmarina that no other test touches. */
const event = (n) => town.psql(`select id from tourism.events where comune = '080901' and published order by id offset ${n} limit 1`);

/** The events are on the map, about a place. */
async function at(page, [lon, lat], zoom = 17) {
  await page.evaluate(([center, z]) => {
    const { map, portal } = window.__opensit;
    if (!portal.layers.get('events').on) portal.toggle('events', true);
    map.jumpTo({ center, zoom: z });
  }, [[lon, lat], zoom]);
  await mapIsDrawn(page);
}

/** Opens the form of an event, as from its card. */
async function edit(page, id) {
  await page.evaluate((one) => window.__opensit.portal.select('events', one), id);
  await page.getByRole('button', { name: 'Modifica', exact: true }).click();
  await page.locator('#edit').waitFor();
}

const pixel = (page, place) => page.evaluate(([lon, lat]) => {
  const { x, y } = window.__opensit.map.project([lon, lat]);
  const box = document.getElementById('map').getBoundingClientRect();
  return [x + box.left, y + box.top];
}, place);
const sketched = (page) => page.evaluate(() => window.__opensit.portal.sketch?.features.find((f) => f.properties.role === 'mine')?.geometry.coordinates);
const save = (page) => page.getByRole('button', { name: 'Salva', exact: true }).click();
const saved = (page) => page.waitForFunction(() => !window.__opensit.portal.work);

test('an event is drawn, saved, on the map at once, and in its history', () =>
  visit(town, '/portal/#panel=layers', async (page, seen) => {
    await mapIsDrawn(page);
    await enterAs(page, MARCO);
    const place = placeOf(event(0));
    await at(page, place);
    const before = await inTiles(page, 'events');
    await page.getByRole('button', { name: 'Nuovo elemento in Eventi' }).click();
    await page.locator('#edit').waitFor();
    const [x, y] = await pixel(page, place);
    await page.mouse.click(x - 80, y - 60);
    await page.getByLabel('Titolo', { exact: true }).fill('Festa del pesce spada');
    await page.getByLabel('Dal').fill('2027-08-10');
    await page.getByLabel('Al', { exact: true }).fill('2027-08-12');
    await page.getByLabel('Motivo della modifica').fill('Deliberazione «12/2027»');
    await save(page);
    await page.locator('#cards .title', { hasText: 'Festa del pesce spada' }).waitFor();
    await mapIsDrawn(page);
    await page.waitForFunction(() => window.__opensit.map.areTilesLoaded());
    assert.equal(await inTiles(page, 'events'), before + 1);
    await page.getByRole('button', { name: 'Storia' }).click();
    await page.getByText('da Marco Sgrò').first().waitFor();
    await page.getByText('Deliberazione «12/2027»').waitFor();
    assert.deepEqual(seen.errors, []);
  }));

test('a point is dragged, the step undone and done again; the draft survives a reload, and what is saved is where it was put', () =>
  visit(town, '/portal/', async (page) => {
    await mapIsDrawn(page);
    await enterAs(page, MARCO);
    const id = event(1);
    const place = placeOf(id);
    await edit(page, id);
    await at(page, place);
    const [x, y] = await pixel(page, place);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x - 40, y - 30, { steps: 5 });
    await page.mouse.up();
    const there = await sketched(page);
    assert.ok(Math.abs(there[0] - place[0]) > 1e-5 && Math.abs(there[1] - place[1]) > 1e-5, `${there} is where it was`);
    await page.getByRole('button', { name: 'Annulla' }).click();
    const back = await sketched(page);
    assert.ok(Math.hypot(back[0] - place[0], back[1] - place[1]) < 1e-7);
    await page.keyboard.press('Control+y');
    assert.deepEqual(await sketched(page), there);
    await page.getByLabel('Titolo', { exact: true }).fill('Spostata');
    await page.reload();
    await page.getByText('Ripresa la modifica che non avevi salvato.').waitFor({ timeout: 60_000 });
    assert.deepEqual(await sketched(page), there);
    assert.equal(await page.getByLabel('Titolo', { exact: true }).inputValue(), 'Spostata');
    await save(page);
    await saved(page);
    const stored = placeOf(id);
    assert.ok(Math.hypot(stored[0] - there[0], stored[1] - there[1]) < 1e-7, `${stored} is not ${there}`);
    assert.equal(await page.evaluate(() => sessionStorage.getItem('opensit.draft')), null);
  }));

test('a place is moved with keys alone', () =>
  visit(town, '/portal/', async (page) => {
    await mapIsDrawn(page);
    await enterAs(page, MARCO);
    const id = event(2);
    const place = placeOf(id);
    await edit(page, id);
    await page.getByText('Posizione precisa').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Sposta con le frecce' }).focus();
    await page.keyboard.press('Shift+ArrowUp');
    await page.keyboard.press('ArrowUp');
    await page.getByRole('button', { name: 'Salva', exact: true }).focus();
    await page.keyboard.press('Enter');
    await saved(page);
    const metres = (placeOf(id)[1] - place[1]) * 111_000;
    assert.ok(Math.abs(metres - 1.1) < 0.02, `${metres} m north`);
  }));

test('what is wrong is said at the field, and at the place', () =>
  visit(town, '/portal/', async (page) => {
    await mapIsDrawn(page);
    await enterAs(page, MARCO);
    const id = event(3);
    await edit(page, id);
    await page.getByLabel('Costo previsto').fill('molto');
    await save(page);
    await page.locator('.wrong', { hasText: 'Serve un numero intero.' }).waitFor();
    assert.equal(await page.getByLabel('Costo previsto').getAttribute('aria-invalid'), 'true');
    await page.getByLabel('Costo previsto').fill('100');
    await page.getByLabel('Al', { exact: true }).fill('2001-01-01');
    await save(page);
    await page.locator('.wrong', { hasText: 'regola del livello' }).first().waitFor();
    await isAccessible(page, 'a form with faults');
    await page.getByRole('button', { name: 'Annulla' }).click();
    // a place of the other comune
    const [west, south, east, north] = await page.evaluate(() => window.__opensit.portal.catalogue.comuni.find(({ istat }) => istat === '080902').bbox);
    await page.evaluate((center) => window.__opensit.map.jumpTo({ center, zoom: 15 }), [(west + east) / 2, (south + north) / 2]);
    await page.getByRole('button', { name: 'Punto al centro' }).click();
    await save(page);
    await page.locator('.fault', { hasText: 'fuori dai comuni' }).waitFor();
    await page.waitForFunction(() => window.__opensit.portal.sketch.features.some((f) => f.properties.role === 'fault'));
  }));

test('two browsers change one feature: the second is told, chooses, and loses nothing', async () => {
  const id = event(4);
  const [before] = [placeOf(id)];
  await visit(town, '/portal/', (elena) => visit(town, '/portal/', async (marco) => {
    await mapIsDrawn(elena);
    await mapIsDrawn(marco);
    await enterAs(elena, ELENA);
    await enterAs(marco, MARCO);
    await edit(elena, id);
    await edit(marco, id);
    // Elena saves a title and an English title; Marco has a title of his own, another cost, and another place
    await elena.getByLabel('Titolo', { exact: true }).fill('Titolo di Elena');
    await elena.getByLabel('Titolo in inglese').fill('Elena’s title');
    await save(elena);
    await saved(elena);
    await marco.getByLabel('Titolo', { exact: true }).fill('Titolo di Marco');
    await marco.getByLabel('Costo previsto').fill('4321');
    await at(marco, before);
    const [x, y] = await pixel(marco, before);
    await marco.mouse.click(x - 50, y - 50);
    await save(marco);
    await marco.getByRole('heading', { name: 'Qualcun altro ha salvato prima' }).or(marco.getByText('Qualcun altro ha salvato prima')).first().waitFor();
    const group = (name) => marco.getByRole('group', { name: new RegExp(`^${name}`) });
    await group('Titolo cambiato').getByText('Titolo di Elena').waitFor();
    await group('Titolo cambiato').getByText('Titolo di Marco').waitFor();
    assert.ok(await group('Titolo in inglese').getByRole('radio', { name: /L’altro/ }).isChecked());
    assert.ok(await group('Costo previsto').getByRole('radio', { name: /Il tuo/ }).isChecked());
    const roles = await marco.evaluate(() => window.__opensit.portal.sketch.features.map((f) => f.properties.role));
    assert.ok(roles.includes('mine') && roles.includes('theirs'), roles.join());
    await isAccessible(marco, 'the choice');
    await group('Titolo cambiato').getByRole('radio', { name: /L’altro/ }).check();
    await marco.getByRole('button', { name: 'Salva la scelta' }).click();
    await saved(marco);
    assert.equal(town.psql(`select name, name_en, budget_eur from tourism.events where id = '${id}'`), 'Titolo di Elena|Elena’s title|4321');
    const [lon, lat] = placeOf(id);
    assert.ok(Math.hypot(lon - before[0], lat - before[1]) > 1e-5);
    // Marco's title was given up by choice; all that both did is in the history
    await marco.getByRole('button', { name: 'Storia' }).click();
    await marco.getByText('da Elena Barone').waitFor();
    await marco.getByText('da Marco Sgrò').first().waitFor();
  }));
});

test('a feature is deleted, with a reason, and brought back from its history', () =>
  visit(town, '/portal/', async (page) => {
    await mapIsDrawn(page);
    await enterAs(page, MARCO);
    const id = event(5);
    const row = () => town.psql(`select name, begins, budget_eur, st_astext(geom) from tourism.events where id = '${id}'`);
    const before = row();
    await edit(page, id);
    await page.getByRole('button', { name: 'Elimina', exact: true }).click();
    await page.getByRole('dialog').getByLabel('Motivo').fill('Annullato');
    await isAccessible(page, 'the question before deleting');
    await page.getByRole('dialog').getByRole('button', { name: 'Elimina' }).click();
    await page.getByText('Annullato').waitFor();
    assert.equal(row(), '');
    await page.locator('.head', { hasText: 'Com’era all’inizio' }).or(page.locator('.head', { hasText: 'Creato' })).first().click();
    await page.getByRole('button', { name: 'Ripristina questa versione' }).click();
    await page.getByText('Versione ripristinata.').waitFor();
    assert.equal(row(), before);
  }));

test('an area is drawn and reshaped vertex by vertex; where its outline crosses itself is shown', () =>
  visit(town, '/portal/#panel=layers', async (page) => {
    await mapIsDrawn(page);
    await enterAs(page, ADA);
    // the demo's areas have no editors of their own
    await page.evaluate(() => window.__opensit.portal.openAdmin('layers'));
    await page.getByRole('group', { name: 'Chi lo modifica: Copertura del suolo' }).getByLabel('Amministrazione').check();
    await page.getByRole('button', { name: 'Torna alla mappa' }).click();
    await page.getByRole('button', { name: 'Nuovo elemento in Copertura del suolo' }).click();
    const draw = page.getByText('Fai clic sulla mappa per ogni vertice');
    await draw.waitFor();
    for (const [x, y] of [[500, 300], [600, 400], [600, 300]]) {
      await page.mouse.click(x, y);
      await page.waitForTimeout(350);
    }
    await page.mouse.dblclick(500, 400);
    await draw.waitFor({ state: 'detached' });
    await save(page);
    await page.locator('.fault', { hasText: 'incrocia sé stesso' }).waitFor();
    const [lon, lat] = await page.evaluate(() => window.__opensit.portal.sketch.features.find((f) => f.properties.role === 'fault').geometry.coordinates);
    const [x, y] = await pixel(page, [lon, lat]);
    assert.ok(Math.hypot(x - 550, y - 350) < 8, `the fault is shown at ${x}, ${y}`);
    await isAccessible(page, 'an area with a fault');
    page.once('dialog', (dialog) => void dialog.accept());
    await page.getByRole('button', { name: 'Lascia stare' }).click();
    await page.waitForFunction(() => !window.__opensit.portal.work);

    const [id, points] = town.psql("select id, st_npoints(geom) from territory.land_cover where kind = 'park' order by st_area(geom) desc limit 1").split('|');
    await page.evaluate((one) => window.__opensit.portal.select('land_cover', one), id);
    await page.getByRole('button', { name: 'Modifica', exact: true }).click();
    await page.locator('#edit').waitFor();
    await page.waitForFunction(() => !window.__opensit.map.isMoving());
    await mapIsDrawn(page);
    // the middle of a side that is long enough to be grabbed apart from its ends
    const middle = await page.evaluate(() => {
      const { map, portal } = window.__opensit;
      const of = (role) => portal.sketch.features.filter((f) => f.properties.role === role).map((f) => f.geometry.coordinates);
      const px = (at) => map.project(at);
      const apart = (at) => Math.min(...of('vertex').map((corner) => px(corner).dist(px(at))));
      return of('middle').sort((a, b) => apart(b) - apart(a))[0];
    });
    const from = await pixel(page, middle);
    await page.mouse.move(...from);
    await page.mouse.down();
    await page.mouse.move(from[0] + 12, from[1] + 9, { steps: 4 });
    await page.mouse.up();
    assert.equal(await page.evaluate(() => window.__opensit.portal.sketch.features.filter((f) => /vertex|chosen/.test(f.properties.role)).length), Number(points));
    await save(page);
    await saved(page);
    assert.equal(town.psql(`select st_npoints(geom) from territory.land_cover where id = '${id}'`), String(Number(points) + 1));
  }));

for (const [name, size] of [['desktop', desktop], ['phone', phone]]) {
  for (const theme of ['light', 'dark', 'contrast']) {
    test(`editing and history are accessible at ${name} width in ${theme}`, () =>
      visit(town, `/portal/#theme=${theme}`, async (page, seen) => {
        await mapIsDrawn(page);
        await enterAs(page, MARCO);
        await edit(page, event(6));
        await page.locator('summary', { hasText: 'Posizione precisa' }).click();
        await isAccessible(page, 'the form');
        await page.getByRole('button', { name: 'Lascia stare' }).click();
        await page.getByRole('button', { name: 'Storia' }).click();
        await page.locator('#cards ol button').first().waitFor();
        await isAccessible(page, 'the history');
        assert.deepEqual(seen.errors, []);
      }, { size }));
  }
}
