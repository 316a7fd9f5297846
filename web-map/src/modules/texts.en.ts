/** Texts of themes' panels and parts of cards in English. */
import type { it } from './texts.it';

export const en: Record<keyof typeof it, string> = {
  'on.parcel': 'On this parcel',
  'on.area': 'On this area',
  'on.loading': 'Looking for what is there…',
  'on.none': 'Nothing is known here in the data that you can see.',
  'on.failed': 'What is there could not be read: {reason}',
  'on.more': 'All ({n})',
};
