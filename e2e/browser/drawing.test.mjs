// Works and closed roads are drawn on the map by who registers them. Desk, with mouse and keys, and phone, with fingers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { desktop, ELENA, enterAs, inTiles, isAccessible, MARCO, phone, visit } from './people.mjs';
import { mapIsDrawn, startTown } from './town.mjs';

let town;
let at;
before(async () => {
  town = await startTown();
  at = town.psql("select st_x(g), st_y(g) from (select st_transform(geom, 4326) as g from territory.house_numbers where comune = '080901' order by id limit 1) t").split('|').map(Number);
}, { timeout: 180_000 });
after(() => town?.stop());

const here = (more = '') => `/portal/#map=17/${at[1]}/${at[0]}/0${more}`;
const shot = async (page, name) => process.env.SHOTS && page.screenshot({ path: `${process.env.SHOTS}/draw-${name}.png` });
const panel = (page) => page.locator('#panel');
const cards = (page) => page.locator('#cards');
const field = (page, name) => cards(page).getByLabel(new RegExp(`^${name}( \\(.*\\))?$`));
const corners = (page) => page.evaluate(() => window.__opensit.portal.sketch?.features.filter((f) => /vertex|chosen/.test(f.properties.role)).length ?? 0);
const sketched = (page) => page.evaluate(() => window.__opensit.portal.sketch?.features.find((f) => f.properties.role === 'mine')?.geometry);
const within = async (page) => assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, 'wider than the window');
/** The form stands where the drawing begins. */
const begun = (page) => cards(page).getByText('Che cosa si disegna').or(cards(page).locator('.kinds')).first().waitFor();

for (const [n, [name, size, options]] of [['desktop', desktop, {}], ['phone', phone, { hasTouch: true, isMobile: true }]].entries()) {
  /** On the part of the map that no sheet covers. */
  const press = async (page, x, y) => {
    const [left, top] = name === 'phone' ? [x - 420, y - 100] : [x, y];
    if (name === 'phone') await page.touchscreen.tap(left, top);
    else await page.mouse.click(left, top);
    // two presses in one place are a double click
    await page.waitForTimeout(350);
  };

  test(`a planner draws a line, it is on an open second map at once, and its progress is recorded (${name})`, () =>
    visit(town, here('&layers=works&panel=services:public-works'), (other) => visit(town, here('&panel=services:public-works'), async (page, seen) => {
      await mapIsDrawn(other);
      const before = await inTiles(other, 'works');
      await mapIsDrawn(page);
      assert.equal(await panel(page).getByRole('button', { name: 'Disegna un’opera' }).count(), 0, 'who has not signed in draws nothing');
      await enterAs(page, ELENA);
      await shot(page, `panel-${name}`);
      await panel(page).getByRole('button', { name: 'Disegna un’opera' }).click();
      await begun(page);
      await cards(page).getByLabel('Linea').check();
      for (const [x, y] of [[500, 300], [560, 340], [620, 300]]) await press(page, x, y);
      assert.equal(await corners(page), 3);
      await shot(page, `begun-${name}`);
      await isAccessible(page, 'a line that is being drawn');
      await cards(page).getByRole('button', { name: 'Annulla' }).click();
      assert.equal(await corners(page), 2);
      await press(page, 640, 360);
      await cards(page).getByRole('button', { name: 'Termina' }).click();
      assert.equal((await sketched(page)).coordinates.length, 3);
      await field(page, 'Titolo').fill(`Condotta ${name}`);
      await field(page, 'CUP').fill(`X17B2600008${n}006`);
      await field(page, 'Importo').fill('250000,50');
      await field(page, 'Stato').selectOption('under_way');
      await field(page, 'Inizio previsto').fill('2026-03-01');
      await shot(page, `filled-${name}`);
      await within(page);
      await cards(page).getByRole('button', { name: 'Registra', exact: true }).click();
      await cards(page).locator('.title', { hasText: `Condotta ${name}` }).waitFor();
      await page.waitForFunction((id) => window.__opensit.map.querySourceFeatures(window.__opensit.map.getStyle().layers.find((s) => s['source-layer'] === 'works').source, { sourceLayer: 'works' }).some((f) => f.properties.id === id), `X17B2600008${n}006`);
      await other.waitForFunction((id) => window.__opensit.map.querySourceFeatures(window.__opensit.map.getStyle().layers.find((s) => s['source-layer'] === 'works').source, { sourceLayer: 'works' }).some((f) => f.properties.id === id), `X17B2600008${n}006`);
      assert.equal(await inTiles(other, 'works'), before + 1);
      await panel(other).getByText(`Condotta ${name}`).waitFor();
      assert.equal(town.psql(`select comune, state, amount_eur, st_geometrytype(geom), st_npoints(geom) from public_works.works where id = 'X17B2600008${n}006'`), '080901|under_way|250000.5|ST_LineString|3');
      await shot(page, `card-${name}`);
      await isAccessible(page, 'the card of a work');
      await cards(page).getByRole('link', { name: 'Registra un avanzamento (SAL)' }).click();
      await page.getByLabel('Avanzamento (%)').fill('40');
      await page.getByRole('button', { name: 'Registra avanzamento' }).click();
      await page.locator('ol.timeline', { hasText: '40 %' }).waitFor();
      await shot(page, `record-${name}`);
      assert.deepEqual(seen.errors, []);
    }, { size, ...options })));

  test(`a CUP of 14 characters is told at its field, and the draft stays (${name})`, () =>
    visit(town, here('&panel=services:public-works'), async (page) => {
      await mapIsDrawn(page);
      await enterAs(page, ELENA);
      await panel(page).getByRole('button', { name: 'Disegna un’opera' }).click();
      await begun(page);
      await press(page, 560, 320);
      const place = await sketched(page);
      assert.equal(place.type, 'Point');
      await field(page, 'Titolo').fill('Fontana');
      await field(page, 'CUP').fill('X17B2600007006');
      await cards(page).getByRole('button', { name: 'Registra', exact: true }).click();
      await cards(page).locator('.wrong').first().waitFor();
      assert.equal(await field(page, 'CUP').getAttribute('aria-invalid'), 'true');
      assert.equal(await cards(page).locator('.wrong').count(), 1);
      await shot(page, `refused-${name}`);
      await isAccessible(page, 'a work that was refused');
      assert.equal(town.psql("select count(*) from public_works.works where title = 'Fontana'"), String(n));
      await page.reload();
      await cards(page).getByText('Ripresa la modifica che non avevi salvato.').waitFor({ timeout: 60_000 });
      assert.deepEqual(await sketched(page), place);
      assert.equal(await field(page, 'Titolo').inputValue(), 'Fontana');
      assert.equal(await field(page, 'CUP').inputValue(), 'X17B2600007006');
      await field(page, 'CUP').fill('');
      await field(page, 'Codice del comune').fill(`LP-fontana-${n}`);
      await cards(page).getByRole('button', { name: 'Registra', exact: true }).click();
      await cards(page).locator('.title', { hasText: 'Fontana' }).waitFor();
      assert.equal(await page.evaluate(() => sessionStorage.getItem('opensit.draft')), null);
    }, { size, ...options }));

  test(`from the list to draw the map opens on the comune with the CUP, once they have signed in (${name})`, () => {
    const cup = `X17B2600006${n}006`;
    town.psql(`insert into public_works.unplaced (cup, comune) values ('${cup}', '080901')`);
    return visit(town, '/portal/', async (page) => {
      await mapIsDrawn(page);
      await enterAs(page, ELENA);
      await page.goto(`${town.url}/public-works/to-draw`);
      await shot(page, `list-${name}`);
      await within(page);
      const link = page.getByRole('row', { name: new RegExp(cup) }).getByRole('link', { name: /^Disegna/ });
      const address = await link.evaluate((a) => a.href);
      await link.click();
      await begun(page);
      await cards(page).getByText(`Opere pubbliche · ${cup}`).waitFor();
      assert.equal(await page.evaluate(() => window.__opensit.portal.comune), '080901');
      await page.goto(`${town.url}/public-works/new?cup=${cup}`);
      await shot(page, `new-${name}`);
      await page.getByRole('link', { name: 'Disegna sulla mappa' }).click();
      await begun(page);
      await cards(page).getByText(`Opere pubbliche · ${cup}`).waitFor();
      await page.context().clearCookies();
      await page.goto('about:blank');
      await page.goto(address);
      await page.getByText('Per disegnare bisogna accedere').waitFor({ timeout: 60_000 });
      await shot(page, `sign-in-${name}`);
      await enterAs(page, ELENA);
      await begun(page);
      await cards(page).getByText(`Opere pubbliche · ${cup}`).waitFor();
      await cards(page).getByLabel('Area').check();
      for (const [x, y] of [[500, 400], [560, 440], [620, 400]]) await press(page, x, y);
      await cards(page).getByRole('button', { name: 'Termina' }).click();
      assert.equal(await field(page, 'CUP').inputValue(), cup);
      await field(page, 'Titolo').fill('Piazza');
      await cards(page).getByRole('button', { name: 'Registra', exact: true }).click();
      await cards(page).locator('.title', { hasText: 'Piazza' }).waitFor();
      assert.equal(town.psql(`select st_geometrytype(geom) from public_works.works where id = '${cup}'`), 'ST_Polygon');
      assert.equal(town.psql(`select count(*) from public_works.unplaced where cup = '${cup}'`), '0');
    }, { size, ...options });
  });

  test(`an officer draws a closed road, and the map shows the day that it begins (${name})`, () =>
    visit(town, here('&panel=services:public-works'), async (page, seen) => {
      await mapIsDrawn(page);
      await enterAs(page, MARCO);
      await panel(page).getByRole('button', { name: 'Ordinanze stradali' }).click();
      await panel(page).getByRole('button', { name: 'Disegna un’ordinanza' }).click();
      await begun(page);
      await cards(page).getByLabel('Linea').check();
      for (const [x, y] of [[500, 300], [620, 330]]) await press(page, x, y);
      await cards(page).getByRole('button', { name: 'Termina' }).click();
      await field(page, 'Numero').fill(`88${n}`);
      await field(page, 'Atto').fill('Polizia locale, prot. 7');
      await field(page, 'Tipo').selectOption('total');
      await field(page, 'Strada e tratto').fill('Via Po, tutta');
      await field(page, 'Vale da').fill('2033-08-14T08:00');
      await shot(page, `ordinance-${name}`);
      await cards(page).getByRole('button', { name: 'Registra', exact: true }).click();
      await page.waitForFunction(() => window.__opensit.portal.cards.selected?.layer === 'road_ordinances');
      assert.equal(await page.evaluate(() => window.__opensit.portal.day), '2033-08-14');
      assert.deepEqual(seen.errors, []);
    }, { size, ...options }));
}
