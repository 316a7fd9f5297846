/** Values as they are typed into a form, and back. An empty text is no value. */
import type { Field } from '../api/contract';

/** By field name, what stands in its input. */
export type Texts = Record<string, string>;

export type Wrong = 'required' | 'integer' | 'number' | 'date' | 'long';
export type Read = { value: string | number | boolean | null } | { wrong: Wrong };

export function toText(value: unknown, field: Field): string {
  if (value === null || value === undefined) return '';
  if (field.type === 'datetime') return localTime(String(value));
  return String(value);
}

/** An instant as `datetime-local` takes it, in the reader's own time. */
function localTime(instant: string): string {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return '';
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

export function fromText(text: string, field: Field): Read {
  const trimmed = text.trim();
  if (trimmed === '') return field.required ? { wrong: 'required' } : { value: null };
  switch (field.type) {
    case 'integer': return /^[+-]?\d{1,15}$/.test(trimmed) ? { value: Number(trimmed) } : { wrong: 'integer' };
    case 'number': return number(trimmed);
    case 'boolean': return { value: trimmed === 'true' };
    case 'date': return /^\d{4}-\d{2}-\d{2}$/.test(trimmed) ? { value: trimmed } : { wrong: 'date' };
    case 'datetime': {
      const at = new Date(trimmed);
      return Number.isNaN(at.getTime()) ? { wrong: 'date' } : { value: at.toISOString() };
    }
    default: return field.max_length && [...text].length > field.max_length ? { wrong: 'long' } : { value: text };
  }
}

/** A decimal comma or point; a thousands separator would be a guess, so there is none. */
function number(text: string): Read {
  const plain = text.replace(',', '.');
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(plain) ? { value: Number(plain) } : { wrong: 'number' };
}
