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

/** Where the picture shows the background: pairs of x and y. */
const holes = (page) =>
  page.evaluate(() => {
    const { data, width } = window.picture;
    const found = [];
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] > 128 && data[at + 1] < 96 && data[at + 2] > 128) found.push([(at / 4) % width, Math.floor(at / 4 / width)]);
    }
    return found;
  });

/** Where tiles meet in the picture: the columns, and the rows. */
const borders = (page, zoom) =>
  page.evaluate((size) => {
    const { map } = window.__opensit;
    const { width, height } = window.picture;
    const [west, east] = [map.unproject([0, 0]), map.unproject([width, height])].map(({ lng }) => ((lng + 180) / 360) * size);
    const columns = [];
    for (let x = Math.ceil(west); x <= east; x += 1) columns.push(map.project([(x / size) * 360 - 180, map.getCenter().lat]).x);
    const rows = [];
    for (let y = 0; y < size; y += 1) {
      const lat = (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / size))) * 180) / Math.PI;
      if (lat > map.unproject([0, 0]).lat) continue;
      const at = map.project([map.getCenter().lng, lat]).y;
      if (at > height) break;
      rows.push(at);
    }
    return [columns, rows];
  }, 2 ** Math.floor(zoom));

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
const desk = { width: 1000, height: 640 };

async function visit(act) {
  const { browser, page } = await openBrowser(desk);
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
      const [found, seams] = [await holes(page), await borders(page, zoom)];
      assert.ok(seams[0].length > 0 && seams[1].length > 0, `no border of tiles is in view at zoom ${zoom}`);
      const near = found.filter((at) => [0, 1].some((axis) => seams[axis].some((border) => Math.abs(at[axis] + 0.5 - border) <= 3)));
      assert.deepEqual(near, [], `background where tiles of zoom ${zoom} meet`);
      // neighbours that are simplified each by itself may leave a point out between them here and there, and never a line
      const beside = found.filter(([x, y]) => found.some((other) => Math.hypot(x - other[0], y - other[1]) === 1));
      assert.ok(found.length <= (width * height) / 10_000 && beside.length === 0, `background at zoom ${zoom}: ${JSON.stringify(found)}`);
    }
    // and a tile that is missing is seen
    const { center } = corner(16);
    const x = Math.floor(((center[0] + 180) / 360) * 2 ** 16 + 0.5);
    await page.route(new RegExp(`/xyz/land_cover,water/16/${x}/`), (route) => route.fulfill({ status: 204 }));
    await draw(page, style({ tiles: { ...tiles('land_cover,water'), minzoom: 16 } }, areas), corner(16));
    await take(page);
    assert.ok((await holes(page)).length > 10_000, 'a picture with a hole');
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
    for (const zoom of [15.5, 16.6, 18]) {
      const view = corner(zoom);
      await draw(page, style({ streets: { type: 'geojson', data: streets, tolerance: 0, buffer: 512 } }, strokes({})), view);
      const [width, height] = await take(page);
      const covered = width * height - (await holes(page)).length;
      assert.ok(covered > 2_000, `${covered} points of street at zoom ${zoom}`);
      await draw(page, style({ streets: tiles('streets') }, strokes({ 'source-layer': 'streets' })), view);
      await take(page);
      const points = await different(page);
      assert.ok(points <= covered / 1_000, `${points} of ${covered} points differ at zoom ${zoom}`);
    }
  }));
