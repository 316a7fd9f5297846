// The services' panels, on a real program whose themes answer as they were recorded.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { desktop, enterAs, isAccessible, MARCO, phone } from './people.mjs';
import { withThemes } from './services.mjs';
import { mapIsDrawn, openBrowser, startTown } from './town.mjs';

let town;
let at;
before(async () => {
  town = await startTown();
  at = town.psql('select st_x(g), st_y(g) from (select st_transform(geom, 4326) as g from territory.house_numbers order by id limit 1) t').split('|').map(Number);
}, { timeout: 180_000 });
after(() => town?.stop());

async function visit(address, size, act) {
  const { browser, page, seen } = await openBrowser(size);
  try {
    await withThemes(page, at);
    await page.goto(`${town.url}${address}`);
    await mapIsDrawn(page);
    await act(page, seen);
    // the map asks the program for tiles of layers that it does not have
    assert.deepEqual(seen.errors.filter((error) => !/xyz|Failed to load resource/.test(error)), []);
  } finally {
    await browser.close();
  }
}
const here = () => `map=17/${at[1]}/${at[0]}/0`;
const panel = (page) => page.locator('#panel');

for (const [name, size] of [['desktop', desktop], ['phone', phone]]) {
  test(`the services stand in one panel, and their code comes when they are opened (${name})`, () =>
    visit(`/portal/#${here()}`, size, async (page, seen) => {
      assert.ok(!seen.requests.some((url) => /Panel-|texts-/.test(url)), 'a theme was loaded before it was asked for');
      await page.getByRole('button', { name: 'Servizi', exact: true }).click();
      await panel(page).locator('li strong').nth(4).waitFor();
      assert.deepEqual(await panel(page).locator('li strong').allInnerTexts(), ['Segnalazioni', 'Catasto', 'Edilizia', 'Lavori pubblici', 'Ambiente']);
      await isAccessible(page, 'services');
      await panel(page).getByRole('button', { name: /^Segnalazioni/ }).click();
      await panel(page).getByRole('link', { name: 'Segnala un problema' }).waitFor();
      assert.match(await panel(page).getByRole('link', { name: 'Segnala un problema' }).getAttribute('href'), /\/reports\/new\?lang=it$/);
      await panel(page).getByText('Illuminazione').waitFor();
      await page.waitForFunction(() => location.hash.includes('panel=services:reports') || location.hash.includes('panel=services%3Areports'));
      await panel(page).getByRole('button', { name: 'Tutti i servizi' }).click();
      await panel(page).getByRole('button', { name: /^Edilizia/ }).waitFor();
    }));

  test(`an officer sees what is due, and goes there (${name})`, () =>
    visit(`/portal/#${here()}&panel=services:permits`, size, async (page) => {
      await panel(page).getByText('Pratiche in questa vista').waitFor();
      await enterAs(page, MARCO);
      const late = panel(page).getByRole('button', { name: /in ritardo$/ });
      await late.waitFor();
      assert.match(await late.innerText(), /^1\s/);
      await panel(page).getByText('in ritardo di 5 giorni').waitFor();
      await panel(page).getByRole('button', { name: /entro 7 giorni/ }).click();
      assert.match(await panel(page).getByRole('button', { name: /entro 7 giorni/ }).innerText(), /^2\+\s/);
      await panel(page).getByText('SCIA · 2026/2').waitFor();
      await panel(page).getByText(/sospesa dal/).waitFor();
      await panel(page).getByRole('button', { name: /entro 30 giorni/ }).click();
      await panel(page).getByText('Nessuna pratica scade entro 30 giorni.').waitFor();
      await isAccessible(page, 'what is due');
      await late.click();
      assert.match(await panel(page).getByRole('link', { name: /Apri la scheda completa/ }).getAttribute('href'), /\/permits\/1$/);
      await panel(page).getByRole('button', { name: /2026\/1/ }).click();
      await page.waitForFunction(() => window.__opensit.portal.cards.selected?.layer === 'permits');
      assert.match(await page.locator('#cards').getByRole('link', { name: 'Apri la scheda completa' }).getAttribute('href'), /\/permits\/1$/);
    }));

  test(`a click tells what applies, and what nobody surveyed is never no hazard (${name})`, () =>
    visit(`/portal/#${here()}&panel=services:environment`, size, async (page) => {
      await panel(page).getByText('Arancione').first().waitFor();
      await page.locator('#map canvas').click({ position: { x: size.width / 2 - 40, y: 120 } });
      const kinds = panel(page).locator('li .kind');
      await kinds.first().waitFor();
      assert.deepEqual(await kinds.allInnerTexts(), ['Alluvioni', 'Frane', 'Rumore']);
      await panel(page).getByText('Non vuol dire che non ci sia pericolo').waitFor();
      await isAccessible(page, 'what applies');
      // outside of this panel a click asks for cards again
      await panel(page).getByRole('button', { name: 'Chiudi' }).click();
      assert.equal(await page.evaluate(() => window.__opensit.portal.tool), undefined);
    }));

  test(`works and closed roads of the view, those of the day shown (${name})`, () =>
    visit(`/portal/#${here()}&panel=services:public-works&day=2026-08-14`, size, async (page, seen) => {
      await panel(page).getByText('Rifacimento di Via Po').waitFor();
      await panel(page).getByText('In corso · 40 %').waitFor();
      await panel(page).getByRole('button', { name: 'Ordinanze stradali' }).click();
      await panel(page).getByText('Via Po chiusa').waitFor();
      await panel(page).getByText('Ordinanze valide il 14 ago 2026').waitFor();
      assert.ok(seen.requests.some((url) => url.includes('/collections/road_ordinances/items') && url.includes('datetime=2026-08-14')));
      assert.ok(!seen.requests.some((url) => url.includes('/collections/works/items') && url.includes('datetime')));
      await isAccessible(page, 'works');
    }));

  test(`an officer's inbox of reports (${name})`, () =>
    visit(`/portal/#${here()}&panel=services:reports`, size, async (page) => {
      await enterAs(page, MARCO);
      await panel(page).getByText('Strada, Via Po 2').waitFor();
      await panel(page).getByRole('button', { name: /oltre il termine/ }).click();
      await panel(page).getByText('Nessuna segnalazione è oltre il termine.').waitFor();
      await panel(page).getByRole('button', { name: 'in questa vista' }).click();
      await panel(page).getByText('Illuminazione').waitFor();
    }));
}

test('without a theme there is no entry for services', async () => {
  const { browser, page } = await openBrowser(desktop);
  try {
    await page.route('**/portal/catalogue.json', async (route) => {
      const catalogue = await (await route.fetch()).json();
      await route.fulfill({ json: { ...catalogue, layers: catalogue.layers.filter(({ group }) => group === 'territory') } });
    });
    await page.goto(`${town.url}/portal/`);
    await mapIsDrawn(page);
    await page.getByRole('button', { name: 'Livelli' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Servizi', exact: true }).count(), 0);
  } finally {
    await browser.close();
  }
});
