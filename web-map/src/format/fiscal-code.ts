/** Fiscal codes: personal data, which go into no address and so into no log. A text that has one, or may become one, is not sent while it is typed. */

/** Where two people would have the same code, letters stand for its last digits. */
const DIGIT = '[0-9LMNP-V]';
/** Consonants, then vowels, then `X`, of a surname or a given name. */
const NAME = '(?:[A-Z][AEIOU][AEIOUX]|[AEIOU]X{2}|[B-DF-HJ-NP-TV-Z]{2}[A-Z])';
/** What follows the two names: year, month, day, place and the check, character by character. */
const REST = [DIGIT, DIGIT, '[A-EHLMPRST]', DIGIT, DIGIT, '[A-Z]', DIGIT, DIGIT, DIGIT, '[A-Z]'];

const PERSON = new RegExp(`^[A-Z]{6}${REST.join('')}$`);
const FIRM = /^\d{11}$/;
const BEGINNING = new RegExp(`^${NAME}{2}(?=\\d)${REST.reduceRight((after, one) => `(?:${one}${after})?`, '')}$`);
/** From eight digits on a number may be a firm's. */
const DIGITS = /^\d{8,10}$/;
/** Year, month, day and place: what is left of a code that somebody corrects at its beginning. */
const MIDDLE = /^[A-Z]{0,6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}/;

const bare = (text: string) => text.replace(/\s/g, '').toUpperCase();

function whole(text: string): string | undefined {
  const code = bare(text);
  const person = code.replace(/[.\-/]/g, '');
  if (FIRM.test(code)) return code;
  return PERSON.test(person) && /\d/.test(person) ? person : undefined;
}

/** The code that a text is, in groups of characters too, or that stands in it (`C.F. RSSMRA85T10A562S`). */
export const fiscalCode = (text: string): string | undefined =>
  whole(text) ?? text.split(/[\s:;()«»"]+/).map((word) => whole(word.replace(/^[.,\-]+|[.,\-]+$/g, ''))).find(Boolean);

/** What more characters may make a code of. A sheet and parcel (`foglio 12 p 34`) is none. */
export const mayBecomeCode = (text: string): boolean => BEGINNING.test(bare(text)) || DIGITS.test(bare(text)) || MIDDLE.test(text.trim().toUpperCase());
