/** What the forms of works and ordinances are made of. */
import type { Field, Layer, Text } from '../../api/contract';
import { en } from '../../services/texts.en';
import { it } from '../../services/texts.it';

/** A layer's field of this name, with what the form asks beyond it. */
export const fieldsOf = (layer: Layer) => (name: string, more: Partial<Field> = {}): Field => ({
  ...(layer.fields.find((field) => field.name === name) ?? { name, label: { it: name, en: name }, type: 'text', sortable: true }), ...more,
});

/** A text in every language, as the catalogue's are. */
export const inBoth = (key: keyof typeof it): Text => ({ it: it[key], en: en[key] });
