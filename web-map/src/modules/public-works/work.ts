/** How a work is registered from the map; `cup` is that of the list to draw. */
import type { Layer } from '../../api/contract';
import type { Registration } from '../../services/registry';
import { fieldsOf, inBoth } from './fields';

export default function work(layer: Layer, cup?: string): Registration {
  const field = fieldsOf(layer);
  const codes = field('state').codes?.filter(({ value }) => value !== 'dropped') ?? [];
  return {
    path: 'public-works/',
    title: inBoth('works.draw'),
    fields: [
      field('title', { required: true, max_length: 300 }), field('cup', { max_length: 15 }), field('code', { label: inBoth('works.code'), max_length: 40 }),
      field('amount_eur'), field('state', { codes }), field('responsible', { max_length: 200 }), field('begins_planned'), field('ends_planned'),
      field('begins_actual'), field('ends_actual'), field('cui', { max_length: 21 }),
    ],
    texts: { state: 'planned', ...(cup ? { cup } : {}) },
  };
}
