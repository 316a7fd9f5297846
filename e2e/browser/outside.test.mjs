// A page of somebody else's, on another origin, with MapLibre and nothing of ours but the address of a style.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { openBrowser, startTown } from './town.mjs';

const library = new URL('../../web-map/node_modules/maplibre-gl/dist/', import.meta.url);
const page = (style) => `<!doctype html><title>Outside</title><div id="map" style="width: 800px; height: 600px"></div>
<script type="module">
  import * as maplibre from './maplibre-gl.mjs';
  maplibre.setWorkerUrl(new URL('./maplibre-gl-worker.mjs', document.baseURI).href);
  window.map = new maplibre.Map({ container: 'map', style: '${style}' });
  window.map.once('idle', () => (window.idle = true));
</script>`;

let town;
let outside;
before(async () => {
  town = await startTown();
  outside = createServer(async (request, response) => {
    const name = request.url.split('?')[0].slice(1);
    if (name === '') return response.setHeader('content-type', 'text/html').end(page(`${town.url}/styles/map.json`));
    if (name === 'favicon.ico') return response.writeHead(204).end();
    const file = await readFile(new URL(name, library)).catch(() => undefined);
    if (!file) return response.writeHead(404).end();
    response.setHeader('content-type', 'text/javascript').end(file);
  });
  await new Promise((resolve) => outside.listen(0, '127.0.0.1', resolve));
}, { timeout: 180_000 });
after(async () => {
  outside?.close();
  await town?.stop();
});

test('a style draws the map, its labels too, from its address alone', async () => {
  const { browser, page, seen } = await openBrowser({ width: 820, height: 620 });
  try {
    await page.goto(`http://127.0.0.1:${outside.address().port}/`);
    await page.waitForFunction(() => window.idle, undefined, { timeout: 60_000 });
    await page.evaluate(() => {
      window.idle = false;
      window.map.once('idle', () => (window.idle = true));
      window.map.jumpTo({ zoom: 17 });
    });
    await page.waitForFunction(() => window.idle, undefined, { timeout: 60_000 });
    const glyphs = seen.requests.filter((address) => address.startsWith(`${town.url}/font/`));
    assert.ok(glyphs.some((address) => decodeURIComponent(address).endsWith('/font/Titillium Web/0-255')), `${seen.requests}`);
    const drawn = await page.evaluate(() => window.map.queryRenderedFeatures().map((feature) => feature.layer.type));
    assert.ok(drawn.includes('symbol') && drawn.includes('fill'), `${new Set(drawn)}`);
    assert.deepEqual(seen.errors, []);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/outside.png` });
  } finally {
    await browser.close();
  }
});
