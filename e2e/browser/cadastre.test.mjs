// What an officer does with a map of the cadastre: it is dropped, looked at, imported, and there.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { desktop, enterAs, isAccessible, MARCO, phone, visit } from './people.mjs';
import { mapIsDrawn, startTown } from './town.mjs';

const PLENTY = 60_000;
/** Pictures are left here, where somebody asks for them: SHOTS=folder node --test cadastre.test.mjs */
const shots = process.env.SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

let town;
before(async () => {
  town = await startTown();
}, { timeout: 180_000 });
after(() => town?.stop());

/** A sheet by hand, EPSG:7792, in the sea off the town's comune, where no other sheet is; two parcels, or three of the same ground. */
function map(split) {
  const at = (x, y) => `${(552_400 + x).toFixed(3).padStart(12)}\r\n${(4_205_600 + y).toFixed(3).padStart(12)}\r\n`;
  const border = (code, [w, s, e, n]) => {
    const ring = [[w, s], [e, s], [e, n], [w, n], [w, s]].map(([x, y]) => at(x, y)).join('');
    return `BORDO\r\n${code}\r\n  12\r\n       0.000\r\n${at(w + 5, s + 5)}${at(w + 5, s + 5)}   0\r\n   5\r\n${ring}`;
  };
  const right = split ? border('12', [30, 0, 60, 20]) + border('13', [30, 20, 60, 40]) : border('8', [30, 0, 60, 40]);
  return `MAPPA\r\nX101_990100\r\n1000\r\n${border('X101_990100', [0, 0, 60, 40])}${border('7', [0, 0, 30, 40])}${right}EOF\r\n`;
}

const panel = (page) => page.locator('#panel');
const choose = (page, text) => page.locator('input[data-cadastre]').setInputFiles({ name: 'X101_990100.CXF', mimeType: 'application/octet-stream', buffer: Buffer.from(text) });
const row = (page, name) => panel(page).locator('tbody tr').filter({ has: page.getByRole('rowheader', { name, exact: true }) }).locator('td');
const shoot = async (page, name) => {
  if (!shots) return;
  await page.waitForTimeout(600);
  await page.screenshot({ path: join(shots, `cadastre-${name}.png`) });
};

for (const [size, name, split] of [[desktop, 'desktop', false], [phone, 'phone', true]]) {
  test(`a map is dropped, looked at and imported (${name})`, { timeout: 240_000 }, () =>
    visit(town, `/portal/#map=18/37.99785/15.59705/0&panel=services:cadastre`, async (page) => {
      await mapIsDrawn(page);
      await panel(page).getByRole('link', { name: 'Cerca una particella, un foglio' }).waitFor();
      assert.equal(await page.locator('input[data-cadastre]').count(), 0, 'who is not of the office sends nothing');
      await enterAs(page, MARCO);
      await panel(page).getByText('Trascina qui i file scaricati').waitFor();
      if (!split) {
        await choose(page, map(false));
        await panel(page).getByText(/non dice in che sistema di riferimento/).waitFor({ timeout: PLENTY });
        await panel(page).getByLabel('Sistema di riferimento delle mappe').selectOption('EPSG:7792');
        await panel(page).getByRole('button', { name: 'Guardali come EPSG:7792' }).click();
      } else {
        await choose(page, map(true));
      }
      await panel(page).getByRole('button', { name: 'Importa', exact: true }).waitFor({ timeout: PLENTY });
      assert.deepEqual(await row(page, 'Particelle').allInnerTexts(), split ? ['2', '0', '1', '1'] : ['2', '0', '0', '0']);
      await isAccessible(page, 'the panel of the cadastre');
      await shoot(page, `${name}-looked`);
      await panel(page).getByRole('button', { name: 'Importa', exact: true }).click();
      await panel(page).getByText(/^Importato, con il numero \d+\.$/).waitFor({ timeout: PLENTY });
      await shoot(page, `${name}-imported`);
      const href = await panel(page).getByRole('link', { name: 'Il rapporto intero, da inviare a un collega' }).getAttribute('href');
      assert.match(href, /\/cadastre\/imports\/\d+\?lang=it$/);
      await page.waitForFunction(() => window.__opensit.map.getZoom() > 0);
      const answer = await page.request.get(`${town.url}/cadastre/parcels/X101_990100.${split ? 12 : 8}?f=json`);
      assert.equal((await answer.json()).standing, 'current');
    }, { size }));
}

test('the parcel that was split leads to what came of it', () =>
  visit(town, `/cadastre/parcels/X101_990100.8?lang=it`, async (page) => {
    await page.getByRole('link', { name: /9901\/12/ }).first().waitFor();
    await page.getByRole('link', { name: /9901\/13/ }).first().waitFor();
    await shoot(page, 'former');
  }, { size: desktop }));

test('a suggestion says that a parcel is no more, and leads to its page', () =>
  visit(town, '/portal/', async (page) => {
    await mapIsDrawn(page);
    await page.locator('#search').fill('fg 9901 p 8');
    const former = page.getByRole('option').filter({ hasText: 'soppressa' });
    await former.waitFor();
    assert.match(await former.innerText(), /Foglio 9901, particella 8/);
    await page.getByRole('option', { name: /Foglio 9901, particella 12/ }).waitFor();
    await shoot(page, 'former-suggested');
    await former.click();
    await page.waitForURL(/\/cadastre\/parcels\/X101_990100\.8\?lang=it$/);
    await page.getByText('soppressa', { exact: true }).waitFor();
  }, { size: phone }));
