// Who looks at the map, in a real browser: the demo's people, password with code, passkeys, administration.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ADA, code, desktop, ELENA, enterAs, inTiles, isAccessible, leave, MARCO, phone, visit } from './people.mjs';
import { mapIsDrawn, startTown } from './town.mjs';

let town;
before(async () => (town = await startTown()), { timeout: 180_000 });
after(() => town?.stop());

const layerIds = (page) => page.evaluate(() => window.__opensit.portal.catalogue.layers.map(({ id }) => id));

test('one click and one is somebody of the demo: what they may see appears, and is gone when they leave', () =>
  visit(town, '/portal/#panel=layers', async (page, seen) => {
    await mapIsDrawn(page);
    assert.ok(!(await layerIds(page)).includes('tree_inspections'));
    await enterAs(page, MARCO);
    await page.locator('.account', { hasText: 'Marco Sgrò' }).waitFor();
    const row = page.locator('.row', { hasText: 'Verifiche degli alberi' });
    await row.getByText('solo uffici').waitFor();
    await row.getByRole('checkbox').check();
    const [x, y] = town.psql("select st_x(g), st_y(g) from (select st_transform(geom, 4326) g from environment.tree_inspections where comune = '080901' limit 1) t").split('|').map(Number);
    await page.evaluate((center) => window.__opensit.map.jumpTo({ center, zoom: 16 }), [x, y]);
    await mapIsDrawn(page);
    assert.ok((await inTiles(page, 'tree_inspections')) > 0);
    // private fields of a lodging, marked as such
    const lodging = town.psql("select id from tourism.lodgings where comune = '080901' limit 1");
    await page.evaluate((id) => window.__opensit.portal.select('lodgings', id), lodging);
    await page.locator('#cards dt', { hasText: 'riservato agli uffici' }).first().waitFor({ state: 'attached' });
    await page.evaluate(() => window.__opensit.portal.openPanel(undefined));
    await leave(page);
    await page.waitForFunction(() => !window.__opensit.portal.catalogue.layers.some(({ id }) => id === 'tree_inspections'));
    await mapIsDrawn(page);
    assert.equal(await inTiles(page, 'tree_inspections'), 0);
    // the lodging is public, its private fields are not
    await page.locator('#cards .title').waitFor();
    assert.equal(await page.locator('#cards dt', { hasText: 'riservato' }).count(), 0);
    assert.deepEqual(seen.errors, []);
  }));

test('who is looking is asked after the first map, and never a third party', () =>
  visit(town, '/portal/', async (page, seen) => {
    await page.getByRole('link', { name: 'Accedi' }).waitFor();
    const at = (part) => seen.requests.findIndex((url) => url.includes(part));
    assert.ok(at('/auth/me') > at('/xyz/'), seen.requests.join('\n'));
    assert.deepEqual(seen.requests.filter((url) => !url.startsWith(town.url) && !/^(blob|data):/.test(url)), []);
    assert.deepEqual(seen.requests.filter((url) => /EditDrawer|HistoryDrawer|AdminPage/.test(url)), []);
  }));

/** An administrator invites somebody; the link is shown once. */
async function invite(page, name) {
  await enterAs(page, ADA);
  await page.locator('.account > button').click();
  await page.getByRole('button', { name: 'Amministrazione' }).click();
  await page.getByRole('button', { name: 'Invita una persona' }).click();
  await page.getByLabel('Nome e cognome').fill(name);
  await page.getByLabel('Indirizzo di posta').fill(`${name.split(' ')[0].toLowerCase()}@comune.example.it`);
  await page.getByLabel('Castelmarina dello Stretto', { exact: true }).check();
  await isAccessible(page, 'the invitation');
  await page.getByRole('button', { name: 'Crea il collegamento d’invito' }).click();
  const link = await page.locator('#once').inputValue();
  await isAccessible(page, 'the link');
  await page.getByRole('button', { name: 'Fatto' }).click();
  assert.equal(await page.locator('#once').count(), 0);
  await page.locator('tbody th', { hasText: name }).waitFor();
  await page.getByRole('button', { name: 'Torna alla mappa' }).click();
  await leave(page);
  return link;
}

test('an invited person chooses a password and an app, leaves, and signs in with both', () =>
  visit(town, '/portal/', async (page) => {
    await mapIsDrawn(page);
    const link = await invite(page, 'Carla Neri');
    await page.goto(link);
    await isAccessible(page, 'the page of the link');
    const key = await page.locator('main code').innerText();
    await page.getByLabel(/Nuova password/).fill('sette gabbiani sul molo 42');
    await page.getByLabel('Codice di sei cifre').fill(code(key));
    await page.getByRole('button', { name: 'Salva ed entra' }).click();
    await page.locator('.account', { hasText: 'Carla Neri' }).waitFor();
    await leave(page);
    // the link was good once
    const again = await page.request.get(link);
    assert.equal(again.ok(), false);
    // back to where one was: the map's place is in the address
    await page.evaluate(() => window.__opensit.map.jumpTo({ zoom: 15.25 }));
    await page.waitForFunction(() => location.hash.includes('map=15.25/'));
    await page.getByRole('link', { name: 'Accedi' }).click();
    await isAccessible(page, 'the sign-in page');
    await page.getByLabel('Indirizzo di posta').fill('carla@comune.example.it');
    await page.getByLabel('Password', { exact: true }).fill('sette gabbiani sul molo 42');
    await page.getByRole('button', { name: 'Avanti' }).click();
    await isAccessible(page, 'the page of the code');
    // the code that was used is used up: the app shows the next one within half a minute
    await page.getByLabel('Codice', { exact: true }).fill(code(key, 1));
    await page.getByRole('button', { name: 'Entra', exact: true }).click();
    await page.locator('.account', { hasText: 'Carla Neri' }).waitFor();
    assert.match(page.url(), /#map=15\.25\//);
  }));

test('somebody changes their password in the portal: other browsers are out, this one is not', () =>
  visit(town, '/portal/', async (page) => {
    await mapIsDrawn(page);
    const link = await invite(page, 'Piera Rossi');
    await page.goto(link);
    const key = await page.locator('main code').innerText();
    await page.getByLabel(/Nuova password/).fill('sette gabbiani sul molo 42');
    await page.getByLabel('Codice di sei cifre').fill(code(key));
    await page.getByRole('button', { name: 'Salva ed entra' }).click();
    await page.locator('.account', { hasText: 'Piera Rossi' }).waitFor();
    const elsewhere = await page.context().cookies(town.url);
    await page.locator('.account > button').click();
    await page.getByRole('button', { name: 'Cambia la password' }).click();
    await page.getByLabel('Password di adesso').fill('sette gabbiani sul molo 42');
    await page.getByLabel('Nuova password').fill('passwordpassword');
    await page.getByLabel('Codice di sei cifre').fill(code(key, 1));
    await isAccessible(page, 'the form of the password');
    const submit = page.locator('dialog').getByRole('button', { name: 'Cambia la password' });
    await submit.click();
    // in the reader's language, and what was typed is still there
    await page.getByRole('alert').filter({ hasText: 'tra quelle che si provano per prime' }).waitFor();
    await isAccessible(page, 'the refusal');
    await page.getByLabel('Nuova password').fill('nove lanterne dietro il faro');
    await page.getByLabel('Codice di sei cifre').fill(code(key, 1));
    await submit.click();
    await page.getByText('La password è cambiata').waitFor();
    await page.getByRole('button', { name: 'Fatto' }).click();
    const named = async (cookies) => {
      const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
      return (await (await fetch(`${town.url}/auth/me`, { headers: { cookie } })).json()).name;
    };
    assert.equal(await named(elsewhere), null);
    assert.equal(await named(await page.context().cookies(town.url)), 'Piera Rossi');
    await page.reload();
    await page.locator('.account', { hasText: 'Piera Rossi' }).waitFor();
    await leave(page);
  }));

test('a passkey is made by link and used to sign in', () =>
  visit(town, '/portal/', async (page) => {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
    await devtools.send('WebAuthn.addVirtualAuthenticator', { options });
    await mapIsDrawn(page);
    const link = await invite(page, 'Dario Greco');
    await page.goto(link);
    await page.getByRole('button', { name: 'Crea una passkey' }).click();
    await page.waitForURL(/\/auth\/sessions|\/portal\//);
    await isAccessible(page, 'the page of one\'s own sessions');
    await page.goto(`${town.url}/portal/`);
    await page.locator('.account', { hasText: 'Dario Greco' }).waitFor();
    await leave(page);
    await page.getByRole('link', { name: 'Accedi' }).click();
    await page.getByRole('button', { name: 'Entra con una passkey' }).click();
    await page.locator('.account', { hasText: 'Dario Greco' }).waitFor();
    // and beside it a password, from the portal's menu
    await page.locator('.account > button').click();
    await page.getByRole('link', { name: 'Aggiungi una password' }).click();
    await isAccessible(page, 'the page of a new password');
    const key = await page.locator('main code').innerText();
    await page.getByLabel(/Nuova password/).fill('undici barche tirate a secco');
    await page.getByLabel('Codice di sei cifre').fill(code(key));
    await page.getByRole('button', { name: 'Salva ed entra' }).click();
    await page.getByRole('link', { name: 'Cambia la password' }).waitFor();
  }));

test('a key is shown once and can be revoked; the log knows', () =>
  visit(town, '/portal/#admin=keys', async (page) => {
    await mapIsDrawn(page);
    await enterAs(page, ADA);
    await page.evaluate(() => window.__opensit.portal.openAdmin('keys'));
    await page.getByLabel('A che cosa serve').fill('QGIS di prova');
    await page.getByRole('button', { name: 'Crea la chiave' }).click();
    const key = await page.locator('#once').inputValue();
    const asked = () => fetch(`${town.url}/collections/tree_inspections/items?limit=1`, { headers: { 'X-API-Key': key } }).then(({ status }) => status);
    assert.equal(await asked(), 200);
    await page.getByRole('button', { name: 'Fatto' }).click();
    page.once('dialog', (dialog) => void dialog.accept());
    await page.getByRole('button', { name: 'Revoca: QGIS di prova' }).click();
    await page.locator('td', { hasText: 'revocata' }).waitFor();
    assert.notEqual(await asked(), 200);
    await page.getByRole('button', { name: 'Registro' }).click();
    await page.getByLabel('Che cosa').selectOption({ label: 'Amministrazione' });
    await page.getByRole('button', { name: 'Filtra' }).click();
    await page.locator('tbody tr').first().waitFor();
    assert.ok((await page.locator('tbody tr').count()) >= 2);
  }));

test('an administrator hides a layer from the public, and shows it again', () =>
  visit(town, '/portal/', async (page) => {
    await mapIsDrawn(page);
    await enterAs(page, ADA);
    await page.evaluate(() => window.__opensit.portal.openAdmin('layers'));
    const seen = () => fetch(`${town.url}/collections/points_of_interest?f=json`).then(({ status }) => status);
    const until = async (status) => {
      for (let tries = 0; (await seen()) !== status; tries += 1) {
        assert.ok(tries < 100, `never ${status}`);
        await page.waitForTimeout(100);
      }
    };
    await page.getByLabel('Chi lo vede: Luoghi di interesse').selectOption('officers');
    await until(404);
    await page.getByLabel('Chi lo vede: Luoghi di interesse').selectOption('public');
    await until(200);
  }));

test('the portal of one comune fits it, lists it alone, and says so', () =>
  visit(town, '/portal/?comune=080902#panel=list', async (page) => {
    await mapIsDrawn(page);
    await page.getByText('Solo Rocca Sant\'Elia').waitFor();
    await page.locator('#list-layer').selectOption('parcels');
    await page.getByLabel('Solo nella vista').uncheck();
    const all = Number(town.psql("select count(*) from cadastre.parcels where comune = '080902' and valid_to is null"));
    const told = new Intl.NumberFormat('it-IT', { useGrouping: 'always' }).format(all);
    await page.locator('.list [role=status]').filter({ hasText: `di ${told}` }).waitFor();
    const [w, s, e, n] = await page.evaluate(() => window.__opensit.portal.home.bbox);
    const [cx, cy] = await page.evaluate(() => window.__opensit.map.getCenter().toArray());
    assert.ok(cx > w && cx < e && cy > s && cy < n);
    await page.getByRole('button', { name: 'Mostra tutti i comuni' }).click();
    await page.waitForFunction(() => !location.search && !location.hash.includes('comune='));
    await page.locator('.list [role=status]').filter({ hasNotText: `di ${told}` }).waitFor();
  }));

for (const [name, size] of [['desktop', desktop], ['phone', phone]]) {
  for (const theme of ['light', 'dark', 'contrast']) {
    test(`administration and the account menu are accessible at ${name} width in ${theme}`, () =>
      visit(town, `/portal/#panel=layers&theme=${theme}`, async (page) => {
        await mapIsDrawn(page);
        await enterAs(page, name === 'desktop' ? ADA : ELENA);
        await page.locator('.account > button').click();
        await isAccessible(page, 'the menu');
        await page.keyboard.press('Escape');
        for (const tab of name === 'desktop' ? ['people', 'keys', 'layers', 'audit', 'jobs'] : ['keys', 'jobs']) {
          await page.evaluate((one) => window.__opensit.portal.openAdmin(one), tab);
          await page.locator('.admin table').waitFor();
          await isAccessible(page, tab);
        }
      }, { size }));
  }
}
