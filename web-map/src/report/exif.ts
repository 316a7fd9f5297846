/** Where a photo was taken, as its file says. Read here and nowhere else: the server never keeps it. */
import type { LonLat } from '../api/contract';

/** The position in a JPEG's EXIF (CIPA DC-008, 4.6.6), if there is one. */
export function positionOf(file: ArrayBuffer): LonLat | undefined {
  try {
    return read(new DataView(file));
  } catch {
    // a tag that points outside of the file: it says nothing
    return undefined;
  }
}

function read(view: DataView): LonLat | undefined {
  if (view.getUint16(0) !== 0xffd8) return undefined;
  for (let at = 2; at + 4 < view.byteLength; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at);
    if (marker === 0xffe1 && view.getUint32(at + 4) === 0x45786966) return inTiff(new DataView(view.buffer, at + 10));
    if ((marker & 0xff00) !== 0xff00 || marker === 0xffda) return undefined;
  }
  return undefined;
}

function inTiff(tiff: DataView): LonLat | undefined {
  const little = tiff.getUint16(0) === 0x4949;
  const entries = (at: number): Map<number, number> => {
    const count = tiff.getUint16(at, little);
    return new Map(Array.from({ length: Math.min(count, 200) }, (_, i) => [tiff.getUint16(at + 2 + 12 * i, little), at + 2 + 12 * i]));
  };
  const gps = entries(tiff.getUint32(4, little)).get(0x8825);
  if (gps === undefined) return undefined;
  const tags = entries(tiff.getUint32(gps + 8, little));
  const degrees = (value: number, reference: number, negative: string): number | undefined => {
    const [tag, sign] = [tags.get(value), tags.get(reference)];
    if (tag === undefined || sign === undefined) return undefined;
    const at = tiff.getUint32(tag + 8, little);
    const part = (i: number) => tiff.getUint32(at + 8 * i, little) / tiff.getUint32(at + 8 * i + 4, little);
    const sum = part(0) + part(1) / 60 + part(2) / 3600;
    return String.fromCharCode(tiff.getUint8(sign + 8)) === negative ? -sum : sum;
  };
  const [lat, lon] = [degrees(2, 1, 'S'), degrees(4, 3, 'W')];
  const valid = lat !== undefined && lon !== undefined && Math.abs(lat) <= 90 && Math.abs(lon) <= 180 && !(lat === 0 && lon === 0);
  return valid ? [lon, lat] : undefined;
}
