/** How a road ordinance is registered from the map. */
import type { Layer } from '../../api/contract';
import type { Registration } from '../../services/registry';
import { today } from '../../state/day';
import { fieldsOf, inBoth } from './fields';

export default function ordinance(layer: Layer): Registration {
  const field = fieldsOf(layer);
  return {
    path: 'public-works/ordinances/',
    title: inBoth('ordinances.draw'),
    fields: [
      field('number', { required: true, max_length: 40 }), field('issued_on', { required: true }), field('act', { required: true, max_length: 300, sortable: true }),
      field('closure', { required: true }), field('limit_kmh', { label: inBoth('ordinances.limit') }),
      field('road', { label: inBoth('ordinances.road'), required: true, max_length: 200 }), field('diversion', { max_length: 2000, sortable: false }),
      field('valid_from', { label: inBoth('ordinances.from'), type: 'datetime', required: true }), field('valid_to', { label: inBoth('ordinances.to'), type: 'datetime' }),
    ],
    texts: { issued_on: today() },
  };
}
