/** Texts of the server name options, fields and files between backticks: those spans are code, the rest are words. */
export interface Span { text: string; code: boolean }

export const spans = (text: string): Span[] =>
  text
    .split(/`([^`\n]+)`/)
    .map((part, i) => ({ text: part, code: i % 2 === 1 }))
    .filter((span) => span.text !== '');
