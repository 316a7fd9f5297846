const it = {
  photo: 'Una foto', photoHint: 'Aiuta a capire. La posizione scritta nel file resta sul telefono.', take: 'Scatta o scegli', without: 'Senza foto',
  place: 'Dove', here: 'È qui', mine: 'Usa la mia posizione', address: 'oppure scrivete via e numero', find: 'Cerca', pan: 'Spostate la mappa sotto il puntino',
  fromPhoto: 'Posizione presa dalla foto', noPlace: 'La posizione non si può leggere: scrivete l\'indirizzo', notFound: 'Nessun civico con questo indirizzo',
  noAddress: 'punto scelto', what: 'Che cosa', known: 'È una di queste?', knownHint: 'Qui vicino è già noto. Se è la stessa cosa basta un tocco.', same: 'Sì, è questa: +1',
  other: 'No, è un\'altra', last: 'Altro da dire?', lastHint: 'Facoltativo. Sarà pubblico se la segnalazione viene approvata: niente dati personali.',
  send: 'Invia', sending: 'Invio in corso…', back: 'Indietro', waiting: 'Non c\'è connessione. La segnalazione è salva su questo dispositivo e parte da sola appena torna: tenete aperta la pagina, o riapritela.',
  failed: 'Non è stata registrata: ', again: 'Riprova', map: 'Mappa per scegliere il punto', m: 'm',
};
const en: typeof it = {
  photo: 'A photo', photoHint: 'It helps. The position written in the file stays on the phone.', take: 'Take or choose', without: 'Without a photo',
  place: 'Where', here: 'It is here', mine: 'Use my position', address: 'or write street and number', find: 'Find', pan: 'Move the map beneath the pin',
  fromPhoto: 'Position taken from the photo', noPlace: 'The position can\'t be read: write the address', notFound: 'No house number with this address',
  noAddress: 'chosen place', what: 'What', known: 'Is it one of these?', knownHint: 'Known about here. If it is the same, one tap will do.', same: 'Yes, this one: +1',
  other: 'No, it is another', last: 'Anything to add?', lastHint: 'If you like. It will be public if the report is approved: no personal data.',
  send: 'Send', sending: 'Sending…', back: 'Back', waiting: 'There is no connection. The report is safe on this device and goes by itself when it is back: keep the page open, or open it again.',
  failed: 'It was not recorded: ', again: 'Try again', map: 'Map to choose the place', m: 'm',
};

export type Texts = typeof it;
export const textsOf = (language: string): Texts => (language.startsWith('en') ? en : it);
