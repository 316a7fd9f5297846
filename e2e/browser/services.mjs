// Answers of themes as they were recorded, for a program that does not have them: what the catalogue says of their layers, and their lists.
const text = (it, en) => ({ it, en });
const field = (name, label, more = {}) => ({ name, label: text(label, label), type: 'text', sortable: true, filterable: true, ...more });
const codes = (...pairs) => ({ codes: pairs.map(([value, label]) => ({ value, label: text(label, label) })) });
const layer = (id, group, title, geometry, fields, more = {}) => ({
  id, group, title: text(title, title), geometry, minzoom: 8, maxzoom: 22, visible: false, base: false, validity: false, count: 3, bbox: null, label_field: null, fields, personal: [], ...more,
});

const LAYERS = [
  layer('permits', 'permits', 'Pratiche edilizie', 'polygon', [
    field('kind', 'Tipo', codes(['pdc', 'Permesso di costruire'], ['scia', 'SCIA'])), field('protocol', 'Protocollo'),
    field('state', 'Stato', codes(['submitted', 'Presentata'], ['integration_requested', 'Integrazione richiesta'])), field('address', 'Indirizzo'),
    field('filed_on', 'Presentata il', { type: 'date' }), field('due_on', 'Scade il', { type: 'date' }),
  ], { page: '/permits/{id}', label_field: 'protocol' }),
  layer('works', 'public-works', 'Opere pubbliche', 'polygon', [field('title', 'Titolo'), field('state', 'Stato'), field('progress', 'Avanzamento', { type: 'number', unit: '%' })], { page: '/public-works/{id}', label_field: 'title' }),
  layer('road_ordinances', 'public-works', 'Ordinanze stradali', 'line', [field('title', 'Oggetto'), field('closure', 'Chiusura')], { validity: true, page: '/public-works/ordinances/{id}', label_field: 'title' }),
  layer('alert_zones', 'environment', 'Zone di allerta', 'polygon', [field('worst', 'Colore', codes(['green', 'Verde'], ['yellow', 'Gialla'], ['orange', 'Arancione'], ['red', 'Rossa']))], { validity: true }),
  layer('reports', 'reports', 'Segnalazioni', 'point', [
    field('category', 'Categoria', codes(['road', 'Strada'], ['lighting', 'Illuminazione'])), field('state', 'Stato', codes(['received', 'Ricevuta'], ['open', 'Presa in carico'])),
    field('address', 'Indirizzo'), field('received_at', 'Ricevuta il', { type: 'datetime' }),
  ], { page: '/reports/{id}', label_field: 'category' }),
];
const GROUPS = [['permits', 'Edilizia'], ['public-works', 'Lavori pubblici'], ['environment', 'Ambiente'], ['reports', 'Segnalazioni']];

/** Days from today, in Italy. */
const day = (from) => new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Rome' }).format(Date.now() + from * 86_400_000);
const permit = (id, due, more = {}) => ({ id, comune: '080901', protocol: `2026/${id}`, kind: 'pdc', state: 'submitted', filed_on: day(-60), address: 'Via Po 2', due_on: due, paused_since: null, ...more });
const feature = (id, at, properties) => ({ type: 'Feature', id, properties: { id, ...properties }, geometry: { type: 'Point', coordinates: at } });

/** Makes this page's program answer as one with the four themes. */
export async function withThemes(page, at) {
  const json = (answer) => (route) => route.fulfill({ json: typeof answer === 'function' ? answer(new URL(route.request().url()).searchParams) : answer });
  await page.route('**/portal/catalogue.json', async (route) => {
    const catalogue = await (await route.fetch()).json();
    const groups = [...catalogue.groups.filter(({ id }) => !GROUPS.some(([known]) => known === id)), ...GROUPS.map(([id, title]) => ({ id, title: text(title, title) }))];
    const layers = [...catalogue.layers.filter(({ id }) => !LAYERS.some((known) => known.id === id)), ...LAYERS];
    await route.fulfill({ json: { ...catalogue, groups, layers } });
  });
  const due = { late: [permit('1', day(-5))], 7: [permit('2', day(2), { kind: 'scia' }), permit('3', day(3), { state: 'integration_requested', paused_since: day(-10) })], 30: [] };
  await page.route('**/permits/?*', json((query) => ({ permits: due[query.get('due')] ?? [], next: query.get('due') === '7' ? '/permits/?after=x' : null })));
  await page.route('**/reports/?*', json((query) => ({
    reports: query.has('overdue') ? [] : [{ id: 'R1', category: 'road', state: 'received', address: 'Via Po 2', received_at: `${day(-1)}T09:00:00Z`, due: day(3), geometry: { type: 'Point', coordinates: at } }], next: null,
  })));
  await page.route('**/environment/alerts?*', json({ today: { day: day(0), zones: [{ zone: 'Cala-8', name: 'Versante tirrenico', worst: 'orange', hydraulic: 'yellow', hydrogeological: 'orange', storms: 'green' }] }, tomorrow: { day: day(1), zones: [] } }));
  await page.route('**/environment/at?*', json({
    kinds: [
      { kind: 'noise', title: 'Rumore', answer: 'none_found', says: 'Nulla, secondo il rilievo: Zonizzazione acustica v.2, Comune' },
      { kind: 'flood', title: 'Alluvioni', answer: 'found', says: 'Sì: 1 zona (PGRA v.3, Distretto)', law: 'D.Lgs. 49/2010' },
      { kind: 'landslide', title: 'Frane', answer: 'not_surveyed', says: 'Non rilevato: nessun rilievo in vigore copre questo posto. Non vuol dire che non ci sia pericolo.' },
    ],
  }));
  const items = {
    permits: [feature('1', at, { kind: 'pdc', protocol: '2026/1', state: 'submitted', address: 'Via Po 2', filed_on: day(-60) })],
    works: [feature('W1', at, { title: 'Rifacimento di Via Po', state: 'In corso', progress: 40 })],
    road_ordinances: [feature('O1', at, { title: 'Via Po chiusa', closure: 'Chiusura totale' })],
    reports: [feature('R9', at, { category: 'lighting', state: 'open', address: 'Via Po 8', received_at: `${day(-3)}T10:00:00Z` })],
  };
  for (const [id, features] of Object.entries(items)) {
    await page.route(`**/collections/${id}/items?*`, json({ type: 'FeatureCollection', features, numberMatched: features.length, links: [] }));
    await page.route(`**/collections/${id}/items/*`, json(features[0]));
  }
}
