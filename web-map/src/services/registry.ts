/**
 * What themes have in the portal beside their layers. A theme's code is fetched when it is asked for, and only where the catalogue has its
 * layers; the rest of the portal knows themes from this table alone. Folders are named as the themes.
 */
import type { Component } from 'svelte';
import type { Card, Catalogue, Layer, Text } from '../api/contract';
import type { Key } from '../i18n/translate';

type Loaded<Props extends Record<string, unknown>> = () => Promise<{ default: Component<Props> }>;

/** A part of the card of a feature of a theme's layers. */
export interface CardSection { group: string; geometry: Layer['geometry']; load: Loaded<{ card: Card }> }

const CARD_SECTIONS: CardSection[] = [{ group: 'cadastre', geometry: 'polygon', load: () => import('../modules/cadastre/OnThis.svelte') }];

export const cardSection = (layer: Layer | undefined): CardSection | undefined =>
  CARD_SECTIONS.find(({ group, geometry }) => layer?.group === group && layer.geometry === geometry);

/** A theme's own panel among the services. */
export interface Service { theme: string; layers: string[]; hint: Key; load: Loaded<Record<string, never>> }

const SERVICES: Service[] = [
  { theme: 'reports', layers: ['reports'], hint: 'service.reports', load: () => import('../modules/reports/ReportsPanel.svelte') },
  { theme: 'permits', layers: ['permits'], hint: 'service.permits', load: () => import('../modules/permits/PermitsPanel.svelte') },
  { theme: 'public-works', layers: ['works', 'road_ordinances'], hint: 'service.public-works', load: () => import('../modules/public-works/WorksPanel.svelte') },
  { theme: 'environment', layers: ['flood_zones', 'landslide_zones', 'noise_zones', 'alert_zones'], hint: 'service.environment', load: () => import('../modules/environment/EnvironmentPanel.svelte') },
];

/** Those that have a layer here: what nobody serves is not offered. */
export const servicesOf = (catalogue: Catalogue | undefined): Service[] =>
  SERVICES.filter(({ theme, layers }) => catalogue?.layers.some(({ id, group }) => group === theme && layers.includes(id)));

/** A theme's name as the catalogue writes it. */
export const themeTitle = (catalogue: Catalogue | undefined, theme: string): Text | undefined => catalogue?.groups.find(({ id }) => id === theme)?.title;
