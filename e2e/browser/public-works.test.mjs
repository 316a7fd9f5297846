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

  test(`a form that is refused is put right where it comes back, and a document is added (${name})`, () =>
    visit(town, '/portal/', async (page) => {
      await enterAs(page, MARCO);
      const id = town.psql(`select id from public_works.works where comune = '080901' and progress < 90 order by id offset ${n} limit 1`);
      await page.goto(`${town.url}/public-works/${id}`);
      await page.getByText('Registra un avanzamento (SAL)').click();
      await page.getByLabel('Avanzamento (%)').fill('140');
      await page.getByLabel('Nota').fill('Terzo «SAL»');
      await page.getByRole('button', { name: 'Registra avanzamento' }).click();
      const alert = page.getByRole('alert');
      await alert.getByText('dev\'essere un numero da 0 a 100').waitFor();
      assert.equal(await page.getByLabel('Nota').inputValue(), 'Terzo «SAL»');
      assert.equal(await page.getByLabel('Avanzamento (%)').getAttribute('aria-invalid'), 'true');
      await isAccessible(page);
      await shot(page, `refused-${name}`);
      await alert.getByRole('link', { name: 'Avanzamento (%)' }).click();
      await page.getByLabel('Avanzamento (%)').fill('95');
      await page.getByRole('button', { name: 'Registra avanzamento' }).click();
      await page.locator('ol.timeline', { hasText: 'Terzo «SAL»' }).waitFor();
      assert.equal(new URL(page.url()).pathname, `/public-works/${id}`);

      const send = async (file, buffer) => {
        await page.getByLabel('Aggiungi un file').setInputFiles({ name: file, mimeType: 'application/pdf', buffer });
        await page.getByRole('button', { name: 'Aggiungi', exact: true }).click();
      };
      await send('Delibera 12.pdf', Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n%%EOF\n'));
      await page.locator('#files').getByRole('link', { name: 'Delibera 12.pdf' }).waitFor();
      assert.equal(new URL(page.url()).pathname, `/public-works/${id}`);
      await isAccessible(page);
      await shot(page, `files-${name}`);
      await send('Altro.pdf', Buffer.from('un testo'));
      await page.getByRole('alert').getByText('Conta il contenuto, non il nome').waitFor();
      await page.goBack();
      await send('Grande.pdf', Buffer.alloc(21 * 1024 * 1024, 'x'));
      await page.getByRole('alert').getByText('20 MiB').waitFor();
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
