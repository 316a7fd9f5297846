export type Values = Record<string, string | number>;

/** A text with its values in place. `{n?riga:righe}` is the one word where `n` is 1, and the other where it is not. */
export function filled(text: string, values: Values): string {
  const chosen = text.replace(/\{(\w+)\?([^:}]*):([^}]*)\}/g, (_, name: string, one: string, more: string) => (String(values[name]) === '1' ? one : more));
  return chosen.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
