// People of the census in the one box of the search: offered to who may read them, asked for with a purpose, and in no address.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { desktop, enterAs, isAccessible, MARCO, phone, visit } from './people.mjs';
import { mapIsDrawn, startTown } from './town.mjs';

const PURPOSE = 'notifica ai confinanti è necessaria';
/** Pictures are left here, where somebody asks for them: SHOTS=folder node --test census-people.test.mjs */
const shots = process.env.SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

let town;
/** Somebody of the town with a parcel on the map of today. */
let somebody;
before(async () => {
  town = await startTown();
  const [surname, given, parcel] = town.psql(`
    select s.name, s.given_name, m.id from cadastre.subjects s
      join cadastre.titles t on (t.comune, t.section, t.subject, t.subject_kind) = (s.comune, s.section, s.subject, s.kind) and t.until is null
      join cadastre.property_places l on (l.comune, l.section, l.nature, l.property) = (t.comune, t.section, t.nature, t.property)
      join cadastre.parcels m on m.comune = t.comune and m.sheet = l.sheet and lower(m.number) = lower(l.number) and m.valid_to is null
     where s.comune = '080901' and s.kind = 'P' and s.name ~ '^[A-Z]{6,}$' and s.given_name ~ '^[A-Z]{4,}$'
     order by s.subject limit 1`).split('|');
  somebody = { surname, given, name: `${surname} ${given}`, parcel };
}, { timeout: 180_000 });
after(() => town?.stop());

const panel = (page) => page.locator('#panel');
const box = (page) => page.locator('#search');
const offer = (page) => page.getByRole('option', { name: /^Cerca la persona «/ });
const shoot = async (page, name) => {
  if (!shots) return;
  await page.waitForTimeout(600);
  await page.screenshot({ path: join(shots, `people-${name}.png`) });
};

/** Whom the officer looks for is told by the program itself, to who says what for. */
const codeOf = (page, name) =>
  page.evaluate(async (q) => {
    const headers = { 'Content-Type': 'application/json', 'X-OpenSIT': 'portal', 'Access-Purpose': 'prova', Accept: 'application/json' };
    const answer = await (await fetch('/cadastre/people', { method: 'POST', headers, body: JSON.stringify({ q }) })).json();
    return answer.subjects.find((one) => `${one.name} ${one.given_name}` === q).fiscal_code;
  }, name);

/** What a browser keeps, and shows of itself. */
const keeps = (page) => page.evaluate(() => JSON.stringify([location.href, document.title, { ...localStorage }, { ...sessionStorage }, history.state]));
const says = (text, ...secrets) => secrets.filter((secret) => decodeURIComponent(text.replaceAll('+', ' ')).toUpperCase().includes(secret.toUpperCase()));

for (const [size, width] of [[desktop, 'desktop'], [phone, 'phone']]) {
  test(`who may not read the census is offered no person, and a fiscal code is sent nowhere (${width})`, () =>
    visit(town, '/portal/', async (page, seen) => {
      await mapIsDrawn(page);
      const code = 'RSSMRA85T10A562S';
      await box(page).pressSequentially(code, { delay: 150 });
      await page.getByText('Questo è un codice fiscale').waitFor();
      await shoot(page, `${width}-withheld`);
      await isAccessible(page, 'a code that is not sent');
      await box(page).fill(somebody.name);
      await page.locator('.results').getByText(/Nessun risultato|particella|./).first().waitFor();
      assert.equal(await offer(page).count(), 0);
      assert.deepEqual(seen.requests.filter((url) => says(url, code.slice(0, 7)).length > 0), []);
    }, { size }));

  test(`an officer looks somebody up for a purpose, and goes to their parcel (${width})`, { timeout: 240_000 }, () =>
    visit(town, '/portal/', async (page, seen) => {
      await mapIsDrawn(page);
      await enterAs(page, MARCO);
      const code = await codeOf(page, somebody.name);
      const before = town.psql('select count(*) from identity.audit');

      // by the code, which comes first and is in no address
      await box(page).pressSequentially(code.toLowerCase(), { delay: 20 });
      await page.getByRole('option').first().filter({ hasText: `Cerca la persona «${code}» nel catasto` }).waitFor();
      await shoot(page, `${width}-code`);
      await box(page).press('Enter');
      await panel(page).getByRole('heading', { name: 'Persone e ditte' }).waitFor();
      assert.equal(await box(page).inputValue(), '');
      assert.equal(town.psql('select count(*) from identity.audit'), before, 'nothing is asked before a purpose is said');
      const purpose = panel(page).getByLabel('Scopo della lettura');
      await purpose.waitFor();
      assert.ok(await purpose.evaluate((field) => field === document.activeElement), 'the purpose is what is still to be said');
      await shoot(page, `${width}-purpose`);
      await isAccessible(page, 'the question for a purpose');
      await purpose.press('Enter');
      assert.equal(town.psql('select count(*) from identity.audit'), before, 'a purpose is required');
      await purpose.fill(PURPOSE);
      await purpose.press('Enter');
      await panel(page).getByRole('heading', { name: somebody.name }).waitFor();
      await panel(page).getByText(code).waitFor();
      await shoot(page, `${width}-holdings`);
      await isAccessible(page, 'what somebody holds');
      const logged = town.psql(`select purpose, details ->> 'method', details ->> 'path' from identity.audit where event = 'read' and purpose = '${PURPOSE}' order by entry`);
      assert.match(logged, new RegExp(`^${PURPOSE}\\|POST\\|/cadastre/people\\n${PURPOSE}\\|GET\\|/cadastre/people/080901/_/P\\d+`));

      // by the name, which is typed into the search of places, and after that is nowhere
      await panel(page).getByRole('button', { name: 'Nuova ricerca' }).click();
      await box(page).fill(somebody.surname);
      await offer(page).waitFor();
      const after = seen.requests.length;
      await shoot(page, `${width}-name`);
      await offer(page).click();
      assert.equal(await panel(page).getByLabel('Scopo della lettura').inputValue(), '', 'another question has a purpose of its own');
      await panel(page).getByLabel('Scopo della lettura').fill(PURPOSE);
      await panel(page).getByRole('button', { name: 'Cerca', exact: true }).click();
      await panel(page).getByText(somebody.name).first().waitFor();
      await shoot(page, `${width}-found`);
      await isAccessible(page, 'those who were found');
      // who is alone is opened
      if (await panel(page).getByRole('heading', { name: somebody.name }).count() === 0) await panel(page).locator('li button', { hasText: code }).click();
      await panel(page).getByText(code).waitFor();

      // a parcel of theirs on the map, and back to the others
      const parcel = panel(page).locator('li button').first();
      await parcel.click();
      await page.locator('#cards').getByText('Superficie nominale').waitFor();
      await page.waitForFunction(() => window.__opensit.portal.cards.selected?.layer === 'parcels' && window.__opensit.map.getZoom() > 15);
      await shoot(page, `${width}-parcel`);
      await page.locator('#cards').getByRole('button', { name: 'Chiudi' }).click();
      await panel(page).getByRole('heading', { name: somebody.name }).waitFor();
      assert.deepEqual(says(await keeps(page), somebody.surname, code), []);
      assert.deepEqual(seen.requests.filter((url) => says(url, code).length > 0), []);
      assert.deepEqual(seen.requests.slice(after).filter((url) => says(url, somebody.surname).length > 0), []);

      // nothing of it outlasts the panel, or a reload
      await panel(page).getByRole('button', { name: 'Chiudi' }).click();
      await page.getByRole('button', { name: 'Servizi', exact: true }).click();
      await panel(page).getByRole('link', { name: 'Cerca una particella, un foglio' }).waitFor();
      await page.reload();
      await mapIsDrawn(page);
      assert.equal(await page.getByText(somebody.name).count(), 0);
    }, { size }));
}
