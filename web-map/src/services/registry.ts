/**
 * What themes have in the portal beside their layers. A theme's code is fetched when it is asked for, and only where the catalogue has its
 * layers; the rest of the portal knows themes from this table alone. Folders are named as the themes.
 */
import type { Component } from 'svelte';
import type { Card, Catalogue, Field, Layer, Me, Text } from '../api/contract';
import type { Key } from '../i18n/translate';
import { sought, type Sought } from '../modules/cadastre/sought';
import type { Inquiry } from '../state/inquiry';

type Loaded<Props extends Record<string, unknown>> = () => Promise<{ default: Component<Props> }>;

/** A part of the card of a feature of a theme's layers; `acts`: something to do, which stands with the way to the record. */
export interface CardSection { of: (layer: Layer) => boolean; acts?: true; load: Loaded<{ card: Card }> }

const CARD_SECTIONS: CardSection[] = [
  { of: ({ group, geometry }) => group === 'cadastre' && geometry === 'polygon', load: () => import('../modules/cadastre/OnThis.svelte') },
  { of: ({ id, group, operable }) => group === 'public-works' && id === 'works' && operable === true, acts: true, load: () => import('../modules/public-works/OnWork.svelte') },
];

export const cardSection = (layer: Layer | undefined): CardSection | undefined =>
  layer && CARD_SECTIONS.find(({ of }) => of(layer));

/**
 * How a record is registered where it is drawn, where its layer takes no features: these fields, and its GeoJSON geometry as `place`, are
 * sent to `path` below the server's root. `texts` are what stands in the fields at first.
 */
export interface Registration { path: string; title: Text; fields: Field[]; texts: Record<string, string> }

/** By layer; `of` is the code that a record is for. */
const REGISTRATIONS: Record<string, () => Promise<{ default: (layer: Layer, of?: string) => Registration }>> = {
  works: () => import('../modules/public-works/work'),
  road_ordinances: () => import('../modules/public-works/ordinance'),
};

export function registration(layer: string): ((of: Layer, code?: string) => Promise<Registration>) | undefined {
  const load = REGISTRATIONS[layer];
  return load && (async (of, code) => (await load()).default(of, code));
}

/** A theme's own panel among the services. */
export interface Service { theme: string; layers: string[]; hint: Key; load: Loaded<Record<string, never>> }

const SERVICES: Service[] = [
  { theme: 'reports', layers: ['reports'], hint: 'service.reports', load: () => import('../modules/reports/ReportsPanel.svelte') },
  { theme: 'cadastre', layers: ['parcels'], hint: 'service.cadastre', load: () => import('../modules/cadastre/CadastrePanel.svelte') },
  { theme: 'permits', layers: ['permits'], hint: 'service.permits', load: () => import('../modules/permits/PermitsPanel.svelte') },
  { theme: 'public-works', layers: ['works', 'road_ordinances'], hint: 'service.public-works', load: () => import('../modules/public-works/WorksPanel.svelte') },
  { theme: 'environment', layers: ['flood_zones', 'landslide_zones', 'noise_zones', 'alert_zones'], hint: 'service.environment', load: () => import('../modules/environment/EnvironmentPanel.svelte') },
];

/** Those that have a layer here: what nobody serves is not offered. */
export const servicesOf = (catalogue: Catalogue | undefined): Service[] =>
  SERVICES.filter(({ theme, layers }) => catalogue?.layers.some(({ id, group }) => group === theme && layers.includes(id)));

/**
 * What a theme looks up besides places, for who may: the box of the search offers it, and a panel asks what for. What is looked for stands in
 * no address.
 */
export interface Inquirer { theme: string; layers: string[]; may: (me: Me) => boolean; reads: (text: string) => Sought | undefined; title: Key; offer: Key; hint: Key; load: Loaded<{ inquiry: Inquiry }> }

const INQUIRERS: Inquirer[] = [
  {
    theme: 'cadastre', layers: ['parcels'], may: ({ staff }) => staff, reads: sought, title: 'people.title', offer: 'people.offer', hint: 'people.hint',
    load: () => import('../modules/cadastre/PeoplePanel.svelte'),
  },
];

export const inquirersOf = (catalogue: Catalogue | undefined, me: Me | undefined): Inquirer[] =>
  INQUIRERS.filter(({ theme, layers, may }) => me && may(me) && catalogue?.layers.some(({ id, group }) => group === theme && layers.includes(id)));

/** A theme's name as the catalogue writes it. */
export const themeTitle = (catalogue: Catalogue | undefined, theme: string): Text | undefined => catalogue?.groups.find(({ id }) => id === theme)?.title;
