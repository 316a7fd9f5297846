import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { positionOf } from '../src/report/exif';
import { sha256, work } from '../src/report/work';

const hex = (words: Uint32Array) => Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');

/** A JPEG of nothing but EXIF: 38° 6' 40" by 15° 39' 0", of these hemispheres. */
function jpeg(ns: string, ew: string): ArrayBuffer {
  const tiff = Buffer.alloc(200);
  tiff.write('II*\0', 0, 'latin1');
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(1, 8);
  const entry = (at: number, tag: number, kind: number, count: number, value: number) => {
    tiff.writeUInt16LE(tag, at);
    tiff.writeUInt16LE(kind, at + 2);
    tiff.writeUInt32LE(count, at + 4);
    tiff.writeUInt32LE(value, at + 8);
  };
  entry(10, 0x8825, 4, 1, 30);
  tiff.writeUInt16LE(4, 30);
  entry(32, 1, 2, 2, ns.charCodeAt(0));
  entry(44, 2, 5, 3, 100);
  entry(56, 3, 2, 2, ew.charCodeAt(0));
  entry(68, 4, 5, 3, 124);
  [38, 1, 6, 1, 40, 1, 15, 1, 39, 1, 0, 1].forEach((n, i) => tiff.writeUInt32LE(n, 100 + 4 * i));
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0, 0, 0x45, 0x78, 0x69, 0x66, 0, 0]);
  head.writeUInt16BE(tiff.length + 8, 4);
  const all = Buffer.concat([head, tiff, Buffer.from([0xff, 0xd9])]);
  return all.buffer.slice(all.byteOffset, all.byteOffset + all.length) as ArrayBuffer;
}

describe('the work of a ticket', () => {
  it('hashes as SHA-256 does', () => {
    for (const text of ['', 'abc', 'a'.repeat(55), 'a'.repeat(56), 'a'.repeat(64), 'ticket.'.repeat(40)]) {
      expect(hex(sha256(text)), text).toBe(createHash('sha256').update(text).digest('hex'));
    }
  });

  it('is done when enough bits are zero', async () => {
    const done = await work('a-ticket', 12);
    expect(createHash('sha256').update(`a-ticket.${done}`).digest().readUInt32BE(0)).toBeLessThan(2 ** 20);
  });
});

describe('where a photo was taken', () => {
  it('is read from its EXIF', () => {
    const [lon, lat] = positionOf(jpeg('N', 'E'))!;
    expect([lon.toFixed(6), lat.toFixed(6)]).toEqual(['15.650000', '38.111111']);
    expect(positionOf(jpeg('S', 'W'))!.every((n) => n < 0)).toBe(true);
  });

  it('is nothing in a file that says nothing, or lies', () => {
    for (const bytes of [[], [0xff, 0xd8], [0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x49, 0x49], [0x89, 0x50, 0x4e, 0x47]]) {
      expect(positionOf(Uint8Array.from(bytes).buffer)).toBeUndefined();
    }
  });
});
