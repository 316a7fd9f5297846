// A report goes from a citizen's phone to the office and back; a draft survives a lost connection; all of it without a script too.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { desktop, isAccessible, phone } from './people.mjs';
import { openBrowser, startTown } from './town.mjs';

let town;
let here;
before(async () => {
  town = await startTown();
  here = town.psql("select st_x(g), st_y(g) from (select st_transform(geom, 4326) g from territory.house_numbers where comune = '080901' order by id limit 1) t").split('|').map(Number);
}, { timeout: 180_000 });
after(() => town?.stop());

/** A picture, made in the page: a file of a camera. */
async function picture(page) {
  const bytes = await page.evaluate(async () => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [800, 600];
    const paint = canvas.getContext('2d');
    [paint.fillStyle, paint.font] = ['#c2571a', '80px sans-serif'];
    paint.fillRect(0, 0, 800, 600);
    const blob = await new Promise((done) => canvas.toBlob(done, 'image/jpeg'));
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  return { name: 'IMG_0001.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(bytes) };
}

async function asCitizen(size, act, more = {}) {
  const { browser, page, seen } = await openBrowser(size, { geolocation: { longitude: here[0], latitude: here[1] }, permissions: ['geolocation'], ...more });
  try {
    await act(page, seen);
  } finally {
    await browser.close();
  }
}

/** An officer of Castelmarina at a report's page. */
async function asOfficer(size, id, act) {
  const { browser, page, seen } = await openBrowser(size);
  try {
    await page.goto(`${town.url}/portal/`);
    await page.evaluate(() => fetch('/auth/demo/officer', { method: 'POST' }));
    await page.goto(`${town.url}/reports/${id}`);
    await act(page, seen);
  } finally {
    await browser.close();
  }
}

const reports = () => Number(town.psql('select count(*) from reports.reports'));

/** From the first screen to the private page, in at most six taps and without typing. */
async function report(page, { category = 'lighting', photo = true } = {}) {
  let taps = 0;
  const tap = async (name) => {
    taps += 1;
    await page.getByRole('button', { name, exact: true }).click();
  };
  if (photo) {
    taps += 1;
    await page.locator('#photo').setInputFiles(await picture(page));
  } else await tap('Senza foto');
  await tap('Usa la mia posizione');
  await page.locator('.live', { hasText: /\d/ }).waitFor();
  await tap('È qui');
  taps += 1;
  await page.locator(`[data-category=${category}]`).click();
  const other = page.getByRole('button', { name: 'No, è un\'altra' });
  const send = page.getByRole('button', { name: 'Invia', exact: true });
  await other.or(send).first().waitFor();
  if (await other.isVisible()) await tap('No, è un\'altra');
  await tap('Invia');
  assert.ok(taps <= 6, `${taps} taps`);
}

for (const [name, size] of [['phone', phone], ['desktop', desktop]]) {
  test(`${name}: from the citizen to the office and back`, () =>
    asCitizen(size, async (page, seen) => {
      await page.goto(`${town.url}/reports/new`);
      await page.getByRole('heading', { name: 'Una foto' }).waitFor();
      await isAccessible(page, 'first screen');
      await report(page);
      await page.getByText('Grazie: è arrivata.').waitFor();
      await isAccessible(page, 'private page');
      assert.ok(await page.locator('.qr svg').isVisible());
      const id = (await page.locator('h1').textContent()).split(' ').pop();
      const link = page.url().split('?')[0];
      await page.getByLabel('E-mail').fill('ugo@posta.example');
      await page.getByRole('button', { name: 'Salva il recapito' }).click();
      await page.getByText('Avete lasciato un recapito').waitFor();

      await asOfficer(size, id, async (desk, wrong) => {
        await isAccessible(desk, 'officer\'s page');
        assert.ok(!(await desk.content()).includes('posta.example'));
        await desk.getByLabel('Per quale motivo serve').fill('avvisare del lavoro');
        await desk.getByRole('button', { name: 'Mostra' }).click();
        await desk.getByText('ugo@posta.example').waitFor();
        await desk.goto(`${town.url}/reports/${id}`);
        await desk.getByRole('button', { name: 'Approva e pubblica' }).click();
        await desk.getByRole('button', { name: 'Rispondi' }).waitFor();
        await desk.locator('#text-area').fill('La squadra passa domani');
        await desk.getByRole('button', { name: 'Rispondi' }).click();
        await desk.getByText('La squadra passa domani').waitFor();
        await desk.locator('#reason').selectOption('done');
        await desk.getByRole('button', { name: 'Chiudi' }).click();
        await desk.getByText('Chiusa: Risolta').waitFor();
        // the job has written the photo anew by now
        await desk.locator('.photos img').waitFor();
        assert.deepEqual(wrong.errors, []);
      });
      await page.goto(link);
      await page.getByText('La squadra passa domani').waitFor();
      await page.getByText('Chiusa: Risolta').waitFor();
      await page.goto(`${town.url}/reports/${id}`);
      await page.locator('.photos img').waitFor();
      assert.deepEqual(seen.errors, []);
      assert.deepEqual(seen.requests.filter((url) => !url.startsWith(town.url) && !/^(blob|data):/.test(url)), []);
    }));
}

test('a draft made without a connection is sent once when it is back', () =>
  asCitizen(phone, async (page) => {
    const before = reports();
    await page.goto(`${town.url}/reports/new?lon=${here[0]}&lat=${here[1]}`);
    await page.getByRole('button', { name: 'Senza foto' }).waitFor();
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Senza foto' }).click();
    await page.getByRole('button', { name: 'È qui' }).click();
    await page.locator('[data-category=other]').click();
    await page.locator('#text').fill('Scritta senza rete');
    await page.getByRole('button', { name: 'Invia', exact: true }).click();
    await page.locator('#waiting').waitFor();
    assert.equal(reports(), before);
    await page.context().setOffline(false);
    await page.getByText('Grazie: è arrivata.').waitFor({ timeout: 30_000 });
    assert.equal(reports(), before + 1);
    assert.equal(town.psql("select count(*) from reports.reports where text = 'Scritta senza rete'"), '1');
    await page.goto(`${town.url}/reports/new`);
    await page.getByRole('heading', { name: 'Una foto' }).waitFor();
    assert.equal(reports(), before + 1, 'it is forgotten once it is sent');
  }));

test('what is known nearby takes one more tap', () =>
  asCitizen(phone, async (page) => {
    const id = town.psql("select id from reports.reports where state = 'open' and comune = '080901' order by id limit 1");
    const [lon, lat, category] = town.psql(`select st_x(g), st_y(g), category from (select *, st_transform(geom, 4326) g from reports.reports where id = '${id}') t`).split('|');
    const total = () => Number(town.psql('select sum(supporters) from reports.reports'));
    const before = total();
    await page.goto(`${town.url}/reports/new?lon=${lon}&lat=${lat}`);
    await page.getByRole('button', { name: 'Senza foto' }).click();
    await page.getByRole('button', { name: 'È qui' }).click();
    await page.locator(`[data-category=${category}]`).click();
    await page.getByRole('heading', { name: 'È una di queste?' }).waitFor();
    await isAccessible(page, 'what is known');
    await page.getByRole('button', { name: 'Sì, è questa: +1' }).first().click();
    await page.getByText('anche la vostra conferma è contata').waitFor();
    assert.equal(total(), before + 1);
  }));

test('without a script and without WebGL', () =>
  asCitizen(phone, async (page) => {
    const address = town.psql("select address from territory.house_numbers where comune = '080901' order by id limit 1");
    await page.goto(`${town.url}/reports/new`);
    await page.getByLabel('Dove').fill(address);
    await page.getByRole('button', { name: /Rifiuti/ }).click();
    await page.getByLabel('Che cosa c\'è').fill('Sacchi sul marciapiede');
    // nobody writes sooner
    await page.waitForTimeout(4_500);
    await page.getByRole('button', { name: 'Invia', exact: true }).click();
    await page.getByText('Grazie: è arrivata.').waitFor();
    assert.equal(town.psql("select count(*) from reports.reports where text = 'Sacchi sul marciapiede'"), '1');
  }, { javaScriptEnabled: false }));

for (const [name, size] of [['phone', phone], ['desktop', desktop]]) {
  test(`${name}: the list, the times and the form can be read by everybody`, () =>
    asCitizen(size, async (page, seen) => {
      for (const path of ['/reports/', '/reports/times', '/reports/new?category=road&lon=' + here[0] + '&lat=' + here[1]]) {
        await page.goto(town.url + path);
        await page.locator('h1').waitFor();
        await isAccessible(page, path);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${path} is as wide as the screen`);
      }
      assert.deepEqual(seen.errors, []);
    }));
}
