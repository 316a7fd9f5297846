// From the first page to a card: what a citizen asks, what a parcel's card tells, on which day, and what is told of people.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { desktop, enterAs, isAccessible, MARCO, phone, visit } from './people.mjs';
import { mapIsDrawn, startTown } from './town.mjs';

let town;
before(async () => (town = await startTown()), { timeout: 180_000 });
after(() => town?.stop());

/** A parcel with a building on it, by id and a place inside. */
const aParcel = () => {
  const [id, lon, lat] = town.psql(`select p.id, st_x(g), st_y(g) from cadastre.parcels p join cadastre.buildings b on st_within(b.geom, p.geom)
    cross join lateral (select st_transform(st_pointonsurface(p.geom), 4326) as g) inside where p.kind = 'land' and p.valid_to is null order by p.id limit 1`).split('|');
  return { id, lon, lat };
};

for (const [name, size, scheme] of [['desktop', desktop, 'light'], ['phone', phone, 'dark'], ['a small phone', { width: 320, height: 640 }, 'light']]) {
  test(`the first page answers what is happening at an address, without a script, on ${name}`, async () => {
    const address = town.psql('select address from territory.house_numbers group by address having count(*) = 1 order by address limit 1');
    await visit(town, '/', async (page, seen) => {
      await isAccessible(page, 'the first page');
      await page.getByLabel('Indirizzo, luogo o particella').fill(address);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: address, exact: true }).waitFor();
      await page.getByRole('heading', { name: 'Catasto' }).waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'it scrolls sideways');
      await isAccessible(page, 'what is near');
      assert.match(await page.getByRole('link', { name: 'Vedi sulla mappa' }).getAttribute('href'), /portal\/#map=17\//);
      assert.deepEqual(seen.errors, []);
    }, { size, colorScheme: scheme, javaScriptEnabled: true });
    await visit(town, '/', async (page) => {
      await page.getByLabel('Indirizzo, luogo o particella').fill('qqzzxx');
      await page.getByRole('button', { name: 'Cerca' }).click();
      await page.getByText('Nessun luogo si chiama così').waitFor();
    }, { size, javaScriptEnabled: false });
  });
}

test('the first page is small: it is read before any map', () =>
  visit(town, '/', async (page) => {
    const bytes = await page.evaluate(() => performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation')).reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0));
    assert.ok(bytes > 1_000 && bytes < 90_000, `${bytes} bytes`);
  }));

for (const [name, size] of [['desktop', desktop], ['phone', phone]]) {
  test(`a parcel's card tells what lies on it, with how much, and opens it; back leads to the parcel (${name})`, async () => {
    const parcel = aParcel();
    await visit(town, `/portal/#sel=parcels/${parcel.id}`, async (page, seen) => {
      await mapIsDrawn(page);
      const section = page.getByRole('region', { name: 'Su questa particella' });
      await section.getByText('Catasto').waitFor();
      const row = section.locator('button').first();
      assert.match(await row.innerText(), /Fabbricati[\s\S]*% · [\d.,]+ m²/);
      await row.click();
      await page.waitForFunction(() => window.__opensit.portal.cards.selected?.layer === 'buildings');
      await page.waitForFunction(() => location.hash.includes('sel=buildings/'));
      await page.goBack();
      await page.waitForFunction((id) => window.__opensit.portal.cards.selected?.id === id, parcel.id);
      await isAccessible(page, 'the card');
      assert.deepEqual(seen.errors, []);
    }, { size });
  });

  test(`the map and what is asked of it are of the day chosen, which is in the address (${name})`, async () => {
    const parcel = aParcel();
    town.psql(`update cadastre.parcels set valid_to = '2026-08-15 00:00 Europe/Rome' where id = '${parcel.id}'`);
    try {
      await visit(town, `/portal/#map=18/${parcel.lat}/${parcel.lon}/0`, async (page, seen) => {
        await mapIsDrawn(page);
        const drawn = () => page.evaluate((id) => window.__opensit.map.querySourceFeatures('parcels', { sourceLayer: 'parcels' }).some((f) => f.properties.id === id), parcel.id);
        assert.equal(await drawn(), false);
        await page.getByRole('button', { name: 'Giorno mostrato' }).click();
        await page.getByLabel('Data', { exact: true }).fill('2026-08-14');
        await page.getByText('Al 14 ago 2026, non oggi').waitFor();
        await page.waitForFunction(() => location.hash.includes('day=2026-08-14'));
        await mapIsDrawn(page);
        assert.equal(await drawn(), true);
        await page.evaluate(([lon, lat]) => window.__opensit.portal.ask([lon, lat]), [Number(parcel.lon), Number(parcel.lat)]);
        await page.waitForFunction((id) => window.__opensit.portal.cards.list.some((card) => card.id === id), parcel.id);
        await isAccessible(page, 'the day');
        // a day later it is no more: by the keyboard, with the slider
        await page.getByRole('slider', { name: 'Giorno del 2026' }).focus();
        await page.keyboard.press('ArrowRight');
        await page.getByText('Al 15 ago 2026, non oggi').waitFor();
        await page.waitForFunction((id) => !window.__opensit.portal.cards.list.some((card) => card.id === id), parcel.id);
        await page.keyboard.press('Escape');
        await page.getByRole('button', { name: 'Torna a oggi' }).click();
        await page.waitForFunction(() => !location.hash.includes('day='));
        assert.deepEqual(seen.errors, []);
      }, { size });
      // the same by its address
      await visit(town, `/portal/#map=18/${parcel.lat}/${parcel.lon}/0&day=2026-08-14&sel=parcels/${parcel.id}`, async (page) => {
        await mapIsDrawn(page);
        await page.getByText('Al 14 ago 2026, non oggi').waitFor();
        await page.waitForFunction((id) => window.__opensit.portal.cards.selected?.id === id, parcel.id);
      }, { size });
    } finally {
      town.psql(`update cadastre.parcels set valid_to = null where id = '${parcel.id}'`);
    }
  });

  test(`what is told of people is hidden until its reader says what for, and again when the card is left (${name})`, async () => {
    const [id, notes] = town.psql("select id, notes from environment.tree_inspections where comune = '080901' order by id limit 1").split('|');
    town.psql(`update opensit.layers set declaration = jsonb_set(jsonb_set(jsonb_set(declaration, '{fields,4,personal}', 'true'), '{fields,4,private}', 'true'),
      '{page}', '"/collections/tree_inspections/items/{id}"') where id = 'tree_inspections'`);
    await visit(town, '/portal/', async (page, seen) => {
      await mapIsDrawn(page);
      await enterAs(page, MARCO);
      await page.waitForFunction(() => window.__opensit.portal.layer('tree_inspections')?.personal?.length === 1);
      await page.evaluate((of) => window.__opensit.portal.select('tree_inspections', of), id);
      const card = page.locator('#cards article.open');
      await card.getByText('nascosto').waitFor();
      assert.equal(await card.getByText(notes).count(), 0);
      assert.match(await card.getByRole('link', { name: 'Apri la scheda completa' }).getAttribute('href'), new RegExp(`/collections/tree_inspections/items/${id}$`));
      await card.getByRole('button', { name: 'Indica la finalità' }).click();
      await page.getByRole('dialog', { name: 'Per quale finalità?' }).waitFor();
      await isAccessible(page, 'the question for the purpose');
      await page.getByLabel('Finalità', { exact: true }).fill('Verifica dell’albero');
      await page.getByRole('button', { name: 'Mostra', exact: true }).click();
      await card.getByText(notes).waitFor();
      await card.getByText('Visibile fino alle').waitFor();
      assert.ok(!seen.requests.some((url) => /purpose|Verifica/i.test(url)), 'the purpose is in an address');
      const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]));
      assert.ok(!kept.includes(notes) && !kept.includes('Verifica'), kept);
      await card.getByRole('button', { name: 'Nascondi' }).click();
      await card.getByText('nascosto').waitFor();
      assert.deepEqual(seen.errors, []);
    }, { size });
    assert.ok(Number(town.psql("select count(*) from identity.audit where purpose = 'Verifica dell’albero'")) >= 1);
  });
}
