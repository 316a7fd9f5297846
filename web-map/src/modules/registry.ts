/**
 * What themes have in the portal beside their layers. A theme's code is fetched when it is asked for, and only where the catalogue has its
 * layers; the rest of the portal knows themes from this table alone. Folders are named as the themes.
 */
import type { Component } from 'svelte';
import type { Card, Catalogue, Layer } from '../api/contract';

type Loaded<Props extends Record<string, unknown>> = () => Promise<{ default: Component<Props> }>;

/** A part of the card of a feature of a theme's layers. */
export interface CardSection { group: string; geometry: Layer['geometry']; load: Loaded<{ card: Card }> }

const CARD_SECTIONS: CardSection[] = [{ group: 'cadastre', geometry: 'polygon', load: () => import('./cadastre/OnThis.svelte') }];

export const cardSection = (layer: Layer | undefined): CardSection | undefined =>
  CARD_SECTIONS.find(({ group, geometry }) => layer?.group === group && layer.geometry === geometry);

/** A theme's name as the catalogue writes it. */
export const themeTitle = (catalogue: Catalogue | undefined, theme: string) => catalogue?.groups.find(({ id }) => id === theme)?.title;
