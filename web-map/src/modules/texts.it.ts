/** Texts of themes' panels and parts of cards in Italian. English must have the same keys. */
export const it = {
  'on.parcel': 'Su questa particella',
  'on.area': 'Su quest’area',
  'on.loading': 'Cerco che cosa c’è…',
  'on.none': 'Qui non risulta nulla nei dati che puoi vedere.',
  'on.failed': 'Non è stato possibile leggere che cosa c’è: {reason}',
  'on.more': 'Tutti ({n})',
};
