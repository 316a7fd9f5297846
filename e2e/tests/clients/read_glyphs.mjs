// Reads glyphs as MapLibre does, from the address that a style names: node read_glyphs.mjs LIBRARY STYLE STACK prints them as JSON.
import { pathToFileURL } from 'node:url';

const [library, address, stack] = process.argv.slice(2);
const pbf = await import(pathToFileURL(library).href);
const Pbf = pbf.default ?? pbf.PbfReader;
const style = await (await fetch(address)).json();
const url = style.glyphs.replace('{fontstack}', encodeURIComponent(stack)).replace('{range}', '0-255');
const answer = await fetch(url);

const glyph = (tag, out, pbf) => {
  if (tag === 1) out.id = pbf.readVarint();
  else if (tag === 2) out.bitmap = pbf.readBytes();
  else if (tag === 3) out.width = pbf.readVarint();
  else if (tag === 4) out.height = pbf.readVarint();
  else if (tag === 5) out.left = pbf.readSVarint();
  else if (tag === 6) out.top = pbf.readSVarint();
  else if (tag === 7) out.advance = pbf.readVarint();
};
const fontstack = (tag, out, pbf) => {
  if (tag === 1) out.name = pbf.readString();
  else if (tag === 2) out.range = pbf.readString();
  else if (tag === 3) out.glyphs.push(pbf.readMessage(glyph, { bitmap: new Uint8Array() }));
};
const file = (tag, out, pbf) => tag === 1 && pbf.readMessage(fontstack, out);

const found = new Pbf(new Uint8Array(await answer.arrayBuffer())).readFields(file, { glyphs: [] });
const glyphs = found.glyphs.map(({ bitmap, ...rest }) => ({ ...rest, bytes: bitmap.length, darkest: bitmap.reduce((a, b) => Math.max(a, b), 0), edge: bitmap[0] ?? 0 }));
console.log(JSON.stringify({ ...found, glyphs, status: answer.status, type: answer.headers.get('content-type') }));
