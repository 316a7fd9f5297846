// What people do at the door: given somebody, they enter, and leave again.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import AxeBuilder from '@axe-core/playwright';
import { mapIsDrawn, openBrowser } from './town.mjs';

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 390, height: 844 };

export const ELENA = { name: 'Elena Barone', title: 'pianificatrice di Castelmarina' };
export const MARCO = { name: 'Marco Sgrò', title: 'funzionario di Castelmarina' };
export const ROSA = { name: 'Rosa Tripodi', title: 'funzionaria di Rocca Sant\'Elia' };
export const ADA = { name: 'Ada Lombardi', title: 'amministratrice del servizio' };

/** Opens the portal of this town, and closes the browser whatever happens. */
export async function visit(town, address, act, { size = desktop, ...options } = {}) {
  const { browser, page, seen } = await openBrowser(size, options);
  try {
    await page.goto(`${town.url}${address}`);
    await act(page, seen);
  } finally {
    await browser.close();
  }
}

/** One click on the demo's banner. */
export async function enterAs(page, person) {
  await page.getByRole('button', { name: `Entra come ${person.name}` }).click();
  await page.waitForFunction((name) => window.__opensit.portal.session.known?.name === name, person.name);
  await mapIsDrawn(page);
}

export async function leave(page) {
  await page.locator('.account > button').click();
  await page.getByRole('button', { name: 'Esci', exact: true }).click();
  await page.getByRole('link', { name: 'Accedi' }).waitFor();
}

/** The six digits that an authenticator app shows `later` steps from now (RFC 6238). */
export function code(base32, later = 0) {
  const bits = [...base32.replaceAll(/[^A-Z2-7]/g, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
  const hash = createHmac('sha1', secret).update(step).digest();
  const at = hash[19] & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** Nothing that axe finds. */
export async function isAccessible(page, what) {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']).analyze();
  assert.deepEqual(violations.map((v) => `${what}: ${v.id}: ${v.nodes.map((n) => n.html).join(' ').slice(0, 300)}`), []);
}

/** The number of features of a layer in the tiles that the map has now. */
export const inTiles = (page, layer) =>
  page.evaluate((id) => {
    const { map } = window.__opensit;
    const source = map.getStyle().layers.find((style) => style['source-layer'] === id)?.source;
    return source ? new Set(map.querySourceFeatures(source, { sourceLayer: id }).map((f) => f.properties.id)).size : 0;
  }, layer);
