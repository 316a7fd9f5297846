/** Whether a text that somebody types may be a person or a firm of the census. */
import { fiscalCode } from '../../format/fiscal-code';

/** `first`: it can hardly be anything else. */
export interface Sought { text: string; first: boolean }

/** As the server takes it. */
export const TEXT_CHARACTERS = { least: 3, most: 100 };

const NAME = /^[\p{L}\p{M}\s'’.&-]+$/u;
/** A firm may have a number in its name; then it says what it is. */
const FIRM = /(?:^|\s)(?:s\.?r\.?l|s\.?p\.?a|s\.?n\.?c|s\.?a\.?s|soc|coop|ditta|impresa|societ[aà])(?![\p{L}\p{M}])/iu;
/** The beginning of a place or of a reference, and no surname. */
const PLACE = /^(?:via|viale|fg|foglio|particella|mappale)(?![\p{L}\p{M}])/iu;

export function sought(text: string): Sought | undefined {
  const code = fiscalCode(text);
  if (code) return { text: code, first: true };
  const name = text.trim().replace(/\s+/g, ' ');
  const letters = name.match(/\p{L}/gu)?.length ?? 0;
  if (letters < TEXT_CHARACTERS.least || name.length > TEXT_CHARACTERS.most || PLACE.test(name)) return undefined;
  return NAME.test(name) || FIRM.test(name) ? { text: name, first: false } : undefined;
}
