// A work is registered, progressed, and its chart changes; an ordinance is in the feed on its day alone. Desk and phone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { desktop, enterAs, isAccessible, MARCO, phone, visit } from './people.mjs';
import { startTown } from './town.mjs';

let town;
before(async () => (town = await startTown()), { timeout: 180_000 });
after(() => town?.stop());

/** A street of Castelmarina that one stretch alone has, the n-th. */
const street = (n) => town.psql(`select name from territory.streets where comune = '080901' and name > '' group by name having count(*) = 1 order by name offset ${n} limit 1`);
const shot = async (page, name) => process.env.SHOTS && page.screenshot({ path: `${process.env.SHOTS}/works-${name}.png`, fullPage: true });

for (const [n, [name, size]] of [['desk', desktop], ['phone', phone]].entries()) {
  test(`a work is registered at a street and progressed (${name})`, () =>
    visit(town, '/portal/', async (page, seen) => {
      await enterAs(page, MARCO);
      await page.goto(`${town.url}/public-works/`);
      await shot(page, `list-${name}`);
      await page.getByRole('link', { name: 'Nuova opera' }).click();
      await page.getByLabel('Titolo').fill(`Rete idrica ${name}`);
      await page.getByLabel('CUP', { exact: true }).fill(`X17B2600009${n}006`);
      await page.getByLabel('Importo').fill('200000');
      await page.getByLabel('Stato').selectOption('under_way');
      await page.getByLabel('Strada').fill(street(n));
      await shot(page, `new-${name}`);
      await page.getByRole('button', { name: 'Registra l\'opera' }).click();
      await page.getByRole('heading', { level: 1, name: `Rete idrica ${name}` }).waitFor();
      assert.equal(new URL(page.url()).pathname, `/public-works/X17B2600009${n}006`);
      const spent = () => page.locator('svg.chart rect.actual').last().getAttribute('width').then(Number);
      assert.ok((await spent()) <= 1, 'nothing is spent yet');
      await page.getByText('Registra un avanzamento (SAL)').click();
      await page.getByLabel('Avanzamento (%)').fill('40');
      await page.getByLabel('Importo del SAL').fill('80000');
      await page.getByRole('button', { name: 'Registra avanzamento' }).click();
      await page.locator('ol.timeline', { hasText: '40 %' }).waitFor();
      assert.ok((await spent()) > 100, 'the bar of what is spent grew');
      await isAccessible(page);
      await shot(page, `record-${name}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `the page is ${wide} px too wide`);
      assert.deepEqual(seen.errors, []);
    }, { size }));

  test(`an ordinance is in the feed on its day alone (${name})`, () =>
    visit(town, '/portal/', async (page) => {
      await enterAs(page, MARCO);
      await page.goto(`${town.url}/public-works/ordinances/`);
      await shot(page, `ordinances-${name}`);
      await page.getByRole('link', { name: 'Nuova ordinanza' }).click();
      await page.getByLabel('Numero', { exact: true }).fill(`77${n}`);
      await page.getByLabel('Atto', { exact: true }).fill('Polizia locale, prot. 99');
      await page.getByLabel('Strada e tratto').fill(`${street(n)}, tutta`);
      await page.getByLabel('Vale da').fill('2033-08-14T00:00');
      await page.getByLabel('Fino a').fill('2033-08-14T23:59');
      await page.getByLabel('Strada', { exact: true }).fill(street(n));
      await page.getByRole('button', { name: 'Registra l\'ordinanza' }).click();
      await page.getByRole('heading', { level: 1, name: `Ordinanza 77${n}` }).waitFor();
      await isAccessible(page);
      await shot(page, `ordinance-${name}`);
      const on = async (day) => (await (await fetch(`${town.url}/public-works/ordinances.geojson?datetime=${day}`)).json()).features.filter((f) => f.properties.number === `77${n}`).length;
      assert.deepEqual([await on('2033-08-13'), await on('2033-08-14'), await on('2033-08-15')], [0, 1, 0]);
    }, { size }));
}
