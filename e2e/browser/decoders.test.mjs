// Other people's decoders read our tiles, and agree with each other and with the API: of npm, of PyPI, and GDAL.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { VectorTile } from '@mapbox/vector-tile';
import { PbfReader } from 'pbf';
import { startTown } from './town.mjs';

const python = new URL('../../target/python-decoder', import.meta.url).pathname;
const PYPI = ['mapbox-vector-tile==2.2.0'];
/** Layers of points, lines and areas. */
const LAYERS = ['house_numbers', 'streets', 'parcels'];

let town, folder;
before(
  async () => {
    if (!existsSync(join(python, 'done'))) {
      execFileSync('python3', ['-m', 'venv', '--clear', python]);
      execFileSync(join(python, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', ...PYPI]);
      writeFileSync(join(python, 'done'), PYPI.join('\n'));
    }
    folder = mkdtempSync(join(tmpdir(), 'opensit-decoders-'));
    town = await startTown();
  },
  { timeout: 300_000 },
);
after(async () => {
  await town?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** The tile of a zoom in the middle of the town. */
function middle(z) {
  const [lon, lat] = town.psql('select st_x(p), st_y(p) from (select st_transform(st_centroid(st_collect(geom)), 4326) as p from cadastre.sheets) t').split('|').map(Number);
  const y = (1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2;
  return { z, x: Math.floor(((lon + 180) / 360) * 2 ** z), y: Math.floor(y * 2 ** z) };
}

async function bytes({ z, x, y }) {
  const answer = await fetch(`${town.url}/xyz/${LAYERS}/${z}/${x}/${y}`);
  assert.equal(answer.status, 200);
  return Buffer.from(await answer.arrayBuffer());
}

const sorted = (object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
/** Positions of a feature, in units of the tile with y downwards, without those that close a ring, in an order of their own. */
const positions = (rings) => [...new Set(rings.flat().map(([x, y]) => `${x} ${y}`))].sort();

/** By layer and id: properties and positions, as the decoder of npm reads them. */
function npm(tile) {
  const { layers } = new VectorTile(new PbfReader(tile));
  const all = {};
  for (const name of LAYERS) {
    for (let at = 0; at < (layers[name]?.length ?? 0); at += 1) {
      const feature = layers[name].feature(at);
      all[`${name} ${feature.id}`] = { properties: sorted(feature.properties), positions: positions(feature.loadGeometry().map((ring) => ring.map((p) => [p.x, p.y]))) };
    }
  }
  return all;
}

/** The same as the decoder of PyPI reads it. */
function pypi(file) {
  const program = `
import json, sys, mapbox_vector_tile
tile = mapbox_vector_tile.decode(open(sys.argv[1], 'rb').read(), default_options={'y_coord_down': True})
json.dump({name: [[f['id'], f['properties'], f['geometry']] for f in layer['features']] for name, layer in tile.items()}, sys.stdout)`;
  const read = JSON.parse(execFileSync(join(python, 'bin/python'), ['-c', program, file], { encoding: 'utf8', maxBuffer: 1 << 28 }));
  const all = {};
  for (const name of LAYERS) {
    for (const [id, properties, geometry] of read[name] ?? []) {
      all[`${name} ${id}`] = { properties: sorted(properties), positions: positions([pairs(geometry.coordinates)]) };
    }
  }
  return all;
}

/** Every position of some coordinates, however deep. */
const pairs = (coordinates) => (typeof coordinates[0] === 'number' ? [coordinates] : coordinates.flatMap(pairs));

/** The same as GDAL reads it, which gives metres of EPSG:3857. */
function gdal(file, { z, x, y }) {
  const all = {};
  const options = ['-oo', `Z=${z}`, '-oo', `X=${x}`, '-oo', `Y=${y}`, '-oo', 'METADATA_FILE=', '-oo', 'CLIP=NO'];
  for (const name of LAYERS) {
    const out = execFileSync('ogr2ogr', ['-f', 'GeoJSON', '/vsistdout/', ...options, `MVT:${file}`, name, '-lco', 'RFC7946=NO', '-t_srs', 'EPSG:3857'], { encoding: 'utf8', maxBuffer: 1 << 28 });
    const world = 2 * Math.PI * 6378137;
    const unit = world / 2 ** z / 4096;
    const inTile = ([east, north]) => [Math.round((east + world / 2) / unit - x * 4096), Math.round((world / 2 - north) / unit - y * 4096)];
    for (const { properties, geometry } of JSON.parse(out).features) {
      const { mvt_id, ...rest } = properties;
      const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
      all[`${name} ${mvt_id}`] = { properties: sorted(given), positions: positions([pairs(geometry.coordinates).map(inTile)]) };
    }
  }
  return all;
}

for (const z of [16, 17]) {
  test(`npm, PyPI and GDAL read the same in a tile of zoom ${z}`, async () => {
    const at = middle(z);
    const tile = await bytes(at);
    const file = join(folder, `${z}.mvt`);
    writeFileSync(file, tile);
    const [js, py, c] = [npm(tile), pypi(file), gdal(file, at)];
    assert.ok(LAYERS.every((name) => Object.keys(js).some((key) => key.startsWith(`${name} `))), Object.keys(js).join(', '));
    assert.deepEqual(py, js);
    assert.deepEqual(Object.keys(c).sort(), Object.keys(js).sort());
    for (const [key, feature] of Object.entries(js)) {
      // GDAL knows no booleans in tiles' attributes but as numbers
      const numbers = Object.fromEntries(Object.entries(feature.properties).map(([name, value]) => [name, typeof value === 'boolean' ? Number(value) : value]));
      const theirs = Object.fromEntries(Object.entries(c[key].properties).map(([name, value]) => [name, typeof value === 'boolean' ? Number(value) : value]));
      assert.deepEqual(theirs, numbers, key);
      assert.deepEqual(c[key].positions, feature.positions, key);
    }
  });
}

test('what a decoder reads is what the API says', async () => {
  const at = middle(17);
  const read = npm(await bytes(at));
  const rows = JSON.parse(
    town.psql(
      `select json_object_agg(fid, json_build_object('id', id, 'sheet', sheet, 'number', number, 'area_m2', area_m2, 'urban', urban)) from cadastre.parcels
        where valid_to is null and st_intersects(geom, st_transform(st_tileenvelope(${at.z}, ${at.x}, ${at.y}), 7792))`,
    ),
  );
  assert.ok(Object.keys(rows).length > 10);
  for (const [fid, row] of Object.entries(rows)) {
    const feature = read[`parcels ${fid}`];
    assert.ok(feature, `parcel ${row.id} is missing`);
    for (const [name, value] of Object.entries(row)) assert.equal(feature.properties[name], value, `${name} of ${row.id}`);
  }
  const [some] = Object.values(rows);
  const item = await (await fetch(`${town.url}/collections/parcels/items/${some.id}`)).json();
  const fid = Object.keys(rows)[0];
  for (const name of ['kind', 'land_use', 'updated_on']) assert.equal(read[`parcels ${fid}`].properties[name], item.properties[name], name);
});
