/**
 * Positions typed by hand: `556983,21 4218219,36`, `38.11, 15.65`, `E 556983 N 4218219`. Two numbers with optional axis
 * letters; a comma inside a number is read as a decimal comma when a space, semicolon or slash separates the two.
 */
export interface TypedPosition { first: number; second: number; kind: 'metres' | 'degrees' }

const NUMBER = String.raw`[-+]?\d+(?:[.,]\d+)?`;
const LETTER = String.raw`(?:(?:lat|lon|[ENSWXYO])\s*[:=]?\s*)?`;
const SPACED = new RegExp(`^${LETTER}(${NUMBER})\\s*°?\\s*(?:[;/\\s]|,\\s)\\s*${LETTER}(${NUMBER})\\s*°?$`, 'i');
const COMMA = /^([-+]?\d+(?:\.\d+)?)\s*,\s*([-+]?\d+(?:\.\d+)?)$/;

/** Undefined when the text is something else (`12/345` is a sheet and a parcel: too small for metres, no decimals for degrees). */
export function parsePosition(text: string): TypedPosition | undefined {
  const trimmed = text.trim();
  const match = COMMA.exec(trimmed) ?? SPACED.exec(trimmed);
  if (!match) return undefined;
  const [first, second] = [match[1]!, match[2]!].map((part) => Number(part.replace(',', '.'))) as [number, number];
  if (Math.abs(first) >= 10_000 && Math.abs(second) >= 10_000) return { first, second, kind: 'metres' };
  const decimals = [match[1]!, match[2]!].every((part) => /[.,]\d{2,}/.test(part));
  const degrees = Math.abs(first) <= 180 && Math.abs(second) <= 180;
  return decimals && degrees ? { first, second, kind: 'degrees' } : undefined;
}

/** A single number typed in a field, with a decimal comma or point and separators of thousands in either language. */
export function parseNumber(text: string): number | undefined {
  let clean = text.replace(/[\s'’°]/g, '');
  const [comma, point] = [clean.lastIndexOf(','), clean.lastIndexOf('.')];
  if (comma >= 0 && point >= 0) {
    const thousands = comma > point ? /\./g : /,/g;
    clean = clean.replace(thousands, '');
  } else if ((clean.match(/[.,]/g) ?? []).length > 1) {
    clean = clean.replace(/[.,]/g, '');
  }
  clean = clean.replace(',', '.');
  return clean !== '' && Number.isFinite(Number(clean)) ? Number(clean) : undefined;
}
