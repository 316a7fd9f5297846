// Reads a PMTiles archive with the library of its authors, and compares each of its tiles with what a server answers at the same place.
// node read_pmtiles.mjs LIBRARY FILE ADDRESS: prints what it found as JSON.
import { closeSync, openSync, readSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [library, file, address] = process.argv.slice(2);
const { PMTiles } = await import(pathToFileURL(library).href);

const descriptor = openSync(file);
const archive = new PMTiles({
  getKey: () => file,
  getBytes: async (offset, length) => {
    const buffer = Buffer.alloc(length);
    const read = readSync(descriptor, buffer, 0, length, offset);
    return { data: buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + read) };
  },
});
const header = await archive.getHeader();
const metadata = await archive.getMetadata();

const column = (lon, z) => Math.floor(((lon + 180) / 360) * 2 ** z);
const row = (lat, z) => Math.floor(((1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2) * 2 ** z);
let compared = 0;
let filled = 0;
const different = [];
for (let z = header.minZoom; z <= header.maxZoom; z += 1) {
  for (let x = column(header.minLon, z); x <= column(header.maxLon, z); x += 1) {
    for (let y = row(header.maxLat, z); y <= row(header.minLat, z); y += 1) {
      const stored = await archive.getZxy(z, x, y);
      const answer = await fetch(`${address}/${z}/${x}/${y}`);
      const served = Buffer.from(await answer.arrayBuffer());
      compared += 1;
      if (stored) filled += 1;
      const same = stored ? answer.status === 200 && Buffer.from(stored.data).equals(served) : answer.status === 204;
      if (!same) different.push({ z, x, y, status: answer.status, stored: stored?.data.byteLength ?? null, served: served.length });
    }
  }
}
closeSync(descriptor);
console.log(JSON.stringify({ header, metadata, compared, filled, different: different.slice(0, 5) }));
