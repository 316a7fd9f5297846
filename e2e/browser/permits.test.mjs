// A permit goes through a suspension to its issue, with the count of its days on the page, on a desk and on a phone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { desktop, isAccessible, phone, visit } from './people.mjs';
import { startTown } from './town.mjs';

let town;
before(async () => (town = await startTown()), { timeout: 180_000 });
after(() => town?.stop());

/** A day so many days ago, in Italy. */
const ago = (days) => new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Rome' }).format(new Date(Date.now() - days * 86_400_000));

async function enter(page, person) {
  const answer = await page.request.post(`${town.url}/auth/demo/${person}`, { headers: { 'sec-fetch-site': 'same-origin', origin: town.url } });
  assert.equal(answer.status(), 200);
}

/** Records what happened, in the form of the page. */
async function record(page, what, day) {
  const form = page.locator('#advance');
  await form.getByLabel(what).check();
  await form.getByLabel('Giorno').fill(day);
  await form.getByRole('button', { name: 'Registra' }).click();
  await page.waitForLoadState();
}

for (const [name, size, number] of [['desk', desktop, '900001'], ['phone', phone, '900002']]) {
  test(`a permit is registered, paused, resumed and issued on a ${name}`, () =>
    visit(town, '/permits/', async (page, seen) => {
      await enter(page, 'officer');
      await page.reload();
      const year = ago(40).slice(0, 4);
      const parcel = town.psql("select id from cadastre.parcels where comune = '080901' and kind = 'land' and valid_to is null order by id limit 1");
      await page.getByRole('link', { name: 'Nuova pratica' }).click();
      await page.getByLabel('Protocollo', { exact: true }).fill(`${year}-${number}`);
      await page.getByLabel('Presentata il').fill(ago(40));
      await page.getByLabel('Tipo').selectOption('pdc');
      await page.getByLabel('Oggetto').fill('Sopraelevazione di un piano');
      await page.getByLabel('Particelle').fill(parcel);
      await page.getByLabel('Nome e cognome, o ragione sociale').first().fill('Zaira Quattroventi');
      await page.getByRole('button', { name: 'Registra la pratica' }).click();
      await page.getByRole('heading', { name: `Pratica ${year}-${number}` }).waitFor();
      await page.getByText('Giorno 40 di 90').waitFor();
      assert.equal(await page.getByText('Zaira Quattroventi').count(), 0, 'nobody said yet what for');
      await isAccessible(page, `the page of a permit on a ${name}`);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 'nothing stands out at the side');

      await record(page, /Richiedere integrazioni/, ago(20));
      await page.getByText('Giorno 20 di 90').waitFor();
      await page.getByText('Sospeso', { exact: true }).first().waitFor();
      await record(page, /Riprendere/, ago(10));
      await page.getByText('Giorno 30 di 90').waitFor();
      const rows = await page.getByRole('region', { name: 'I giorni del termine' }).locator('tbody tr').allInnerTexts();
      assert.match(rows[0], /20\s+1–20\s+Istruttoria e proposta\s+D\.P\.R\. 380\/2001, art\. 20, c\. 3/);
      assert.match(rows[1], /0\s+–\s+Sospeso/);
      assert.match(rows[2], /40\s+21–60/);
      await record(page, /Rilasciare il titolo/, ago(0));
      await page.locator('.lead .state.good', { hasText: 'Rilasciata' }).waitFor();
      await page.getByText('Giorno 30 di 90').waitFor();
      assert.equal(town.psql(`select state || ' ' || decided_on from permits.permits where protocol = '${year}-${number}'`), `issued ${ago(0)}`);

      await page.getByLabel('Scopo della lettura').fill('comunicazione al richiedente');
      await page.getByRole('button', { name: 'Mostra' }).click();
      await page.getByText('Zaira Quattroventi').waitFor();
      assert.deepEqual(seen.errors, []);
    }, { size }));
}

test('the work list shows what is late, by page and by filter, and no name', () =>
  visit(town, '/permits/', async (page, seen) => {
    await enter(page, 'officer');
    await page.reload();
    await page.getByRole('link', { name: /^Scadute/ }).click();
    const late = Number(town.psql("select count(*) from permits.permits where due_on < (now() at time zone 'Europe/Rome')::date and comune = '080901'"));
    await page.getByRole('link', { name: `Scadute (${late})` }).waitFor();
    await page.getByLabel('Stato').selectOption('submitted');
    await page.getByRole('button', { name: 'Filtra' }).click();
    await page.waitForURL(/state=submitted/);
    assert.ok(new URL(page.url()).searchParams.get('due') === 'late', 'the form keeps what is due');
    const rows = town.psql("select count(*) from permits.permits where due_on < (now() at time zone 'Europe/Rome')::date and state = 'submitted'");
    assert.equal(String(await page.locator('tbody tr').count()), rows);
    await isAccessible(page, 'the work list');
    assert.deepEqual(seen.errors, []);
  }));
