// Tiles as MapLibre draws them: where one ends and the next begins nothing is to be seen.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, mapIsDrawn, startTown } from './town.mjs';

let town;
before(async () => (town = await startTown()), { timeout: 180_000 });
after(() => town?.stop());

const tiles = (layers) => ({ type: 'vector', url: `${town.url}/xyz/${layers}` });
const style = (sources, layers) => ({ version: 8, sources, layers: [{ id: 'nothing', type: 'background', paint: { 'background-color': '#ff00ff' } }, ...layers] });

/** The portal's own MapLibre, with a style of the test and nothing beside the map. */
async function draw(page, drawn, { center, zoom }) {
  await page.evaluate(async ([drawn, center, zoom]) => {
    const { map } = window.__opensit;
    map.setStyle(drawn, { diff: false });
    map.jumpTo({ center, zoom, bearing: 0, pitch: 0 });
    await new Promise((resolve) => map.once('idle', resolve));
  }, [drawn, center, zoom]);
}

/** The map's picture as `window.picture`: width, height, bytes of red, green, blue, opacity. The old one is `window.before`. */
async function take(page) {
  return page.evaluate(async () => {
    const { map } = window.__opensit;
    const canvas = map.getCanvas();
    const flat = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
    // what was drawn is there to be read only while it is drawn
    await new Promise((resolve) => {
      map.once('render', () => (flat.drawImage(canvas, 0, 0), resolve()));
      map.triggerRepaint();
    });
    window.before = window.picture;
    window.picture = flat.getImageData(0, 0, canvas.width, canvas.height);
    return [canvas.width, canvas.height];
  });
}

/** How many points of the picture show the background. */
const holes = (page) =>
  page.evaluate(() => {
    const { data } = window.picture;
    let count = 0;
    for (let at = 0; at < data.length; at += 4) count += data[at] > 128 && data[at + 1] < 96 && data[at + 2] > 128;
    return count;
  });

/** How many points differ by more than half between the last two pictures. */
const different = (page) =>
  page.evaluate(() => {
    const [a, b] = [window.before.data, window.picture.data];
    let count = 0;
    for (let at = 0; at < a.length; at += 4) count += [0, 1, 2].some((channel) => Math.abs(a[at + channel] - b[at + channel]) > 127);
    return count;
  });

/** A corner of four tiles of this zoom near the middle of the land. */
function corner(zoom) {
  const [lon, lat] = town.psql(`select st_x(p), st_y(p) from (select st_transform(st_centroid(st_collect(geom)), 4326) as p from cadastre.sheets) t`).split('|').map(Number);
  const size = 2 ** Math.floor(zoom);
  const x = Math.round(((lon + 180) / 360) * size);
  const y = Math.round(((1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2) * size);
  return { zoom, center: [(x / size) * 360 - 180, (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / size))) * 180) / Math.PI] };
}

const views = [15.5, 16, 16.6, 17.3, 18];
const window_ = { width: 640, height: 480 };

async function visit(act) {
  const { browser, page } = await openBrowser(window_);
  try {
    await page.goto(`${town.url}/portal/`);
    await mapIsDrawn(page);
    await act(page);
  } finally {
    await browser.close();
  }
}

test('areas that cover the land leave no line of the background where tiles meet', () =>
  visit(async (page) => {
    const areas = ['land_cover', 'water'].map((id) => ({ id, type: 'fill', source: 'tiles', 'source-layer': id, paint: { 'fill-color': '#00a000', 'fill-antialias': false } }));
    const drawn = style({ tiles: tiles('land_cover,water') }, areas);
    for (const zoom of views) {
      await draw(page, drawn, corner(zoom));
      const [width, height] = await take(page);
      assert.ok(width >= 300 && height >= 200, `${width} by ${height}`);
      assert.equal(await holes(page), 0, `background at zoom ${zoom}`);
    }
    // and a tile that is missing is seen
    const { center } = corner(16);
    const x = Math.floor(((center[0] + 180) / 360) * 2 ** 16 + 0.5);
    await page.route(new RegExp(`/xyz/land_cover,water/16/${x}/`), (route) => route.fulfill({ status: 204 }));
    await draw(page, style({ tiles: { ...tiles('land_cover,water'), minzoom: 16 } }, areas), corner(16));
    await take(page);
    assert.ok((await holes(page)) > 10_000, 'a picture with a hole');
  }));

test('strokes go on from tile to tile as they do where there are no tiles', () =>
  visit(async (page) => {
    const answer = await fetch(`${town.url}/collections/streets/items?limit=10000`);
    const streets = await answer.json();
    assert.ok(streets.features.length > 100 && streets.numberMatched === streets.features.length, `${streets.features.length} streets`);
    const strokes = (source) => [
      {
        id: 'streets',
        type: 'line',
        source: 'streets',
        ...source,
        layout: { 'line-cap': 'butt', 'line-join': 'round' },
        paint: { 'line-color': '#ffffff', 'line-width': 14 },
      },
    ];
    for (const zoom of views) {
      const view = corner(zoom);
      await draw(page, style({ streets: { type: 'geojson', data: streets, tolerance: 0, buffer: 512 } }, strokes({})), view);
      await take(page);
      const [width, height] = [window_.width, window_.height];
      const covered = width * height - (await holes(page));
      assert.ok(covered > 2_000, `${covered} points of street at zoom ${zoom}`);
      await draw(page, style({ streets: tiles('streets') }, strokes({ 'source-layer': 'streets' })), view);
      await take(page);
      const points = await different(page);
      assert.ok(points <= covered / 1_000, `${points} of ${covered} points differ at zoom ${zoom}`);
    }
  }));
