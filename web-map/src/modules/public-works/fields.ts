/** Fields of a form that are those of a layer. */
import type { Field, Layer } from '../../api/contract';

/** The layer's field of this name, with what the form asks beyond it. */
export const fieldsOf = (layer: Layer) => (name: string, more: Partial<Field> = {}): Field => ({
  ...(layer.fields.find((field) => field.name === name) ?? { name, label: { it: name, en: name }, type: 'text', sortable: true }), ...more,
});
