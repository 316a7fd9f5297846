/**
 * The whole view as text after `#`: `map=17.20/38.11230/15.65120/0&layers=parcels,trees:60&sel=parcels/X101_001200.345&theme=dark…`.
 * Zoom, latitude, longitude, bearing in degrees; layers from the catalogue that are on, with their opacity in % when it is not 100.
 */
import type { Lang, LonLat, Theme } from '../api/contract';
import { isDay } from './day';

export interface Link {
  center?: LonLat;
  zoom?: number;
  bearing?: number;
  /** Opacity 0 to 1 by layer that is on; undefined: as the catalogue says. */
  layers?: Map<string, number>;
  selected?: { layer: string; id: string };
  /** A new feature that is to be drawn, and the code that it is for. */
  draw?: { layer: string; of?: string };
  theme?: Theme;
  lang?: Lang;
  basemap?: string;
  panel?: string;
  /** ISTAT code of the comune that the portal is opened for. */
  comune?: string;
  /** The page of administration that is open. */
  admin?: string;
  /** The day that the map shows, `2026-08-14`; today without. */
  day?: string;
}

const THEMES: readonly string[] = ['light', 'dark', 'contrast'];
const LANGS: readonly string[] = ['it', 'en'];

const escape = encodeURIComponent;

export function encode(link: Link): string {
  const parts: string[] = [];
  if (link.center && link.zoom !== undefined) {
    const [lon, lat] = link.center;
    parts.push(`map=${link.zoom.toFixed(2)}/${lat.toFixed(6)}/${lon.toFixed(6)}/${Math.round(link.bearing ?? 0)}`);
  }
  if (link.layers) {
    const one = ([id, opacity]: [string, number]) => (opacity < 0.995 ? `${escape(id)}:${Math.round(opacity * 100)}` : escape(id));
    parts.push(`layers=${[...link.layers].map(one).join(',')}`);
  }
  if (link.selected) parts.push(`sel=${escape(link.selected.layer)}/${escape(link.selected.id)}`);
  if (link.draw) parts.push(`draw=${[link.draw.layer, ...(link.draw.of ? [link.draw.of] : [])].map(escape).join('/')}`);
  if (link.basemap && link.basemap !== 'none') parts.push(`base=${escape(link.basemap)}`);
  if (link.panel) parts.push(`panel=${escape(link.panel)}`);
  if (link.comune) parts.push(`comune=${escape(link.comune)}`);
  if (link.day) parts.push(`day=${link.day}`);
  if (link.admin) parts.push(`admin=${escape(link.admin)}`);
  if (link.theme) parts.push(`theme=${link.theme}`);
  if (link.lang) parts.push(`lang=${link.lang}`);
  return `#${parts.join('&')}`;
}

/** Reads what it can and leaves out what makes no sense: a damaged link still opens a map. */
export function decode(hash: string): Link {
  const values = new Map<string, string>();
  for (const part of hash.replace(/^#/, '').split('&')) {
    const at = part.indexOf('=');
    if (at > 0) values.set(part.slice(0, at), part.slice(at + 1));
    else if (part === 'admin') values.set('admin', 'people');
  }
  const link: Link = { ...decodeCamera(values.get('map')) };
  const layers = values.get('layers');
  if (layers !== undefined) link.layers = decodeLayers(layers);
  const [layer, ...id] = (values.get('sel') ?? '').split('/');
  if (layer && id.length > 0) link.selected = { layer: unescape(layer), id: unescape(id.join('/')) };
  const [drawn, of] = (values.get('draw') ?? '').split('/').map(unescape);
  if (drawn) link.draw = { layer: drawn, ...(of ? { of } : {}) };
  const [theme, lang, basemap, panel] = ['theme', 'lang', 'base', 'panel'].map((name) => values.get(name));
  if (theme && THEMES.includes(theme)) link.theme = theme as Theme;
  if (lang && LANGS.includes(lang)) link.lang = lang as Lang;
  if (basemap) link.basemap = unescape(basemap);
  if (panel) link.panel = unescape(panel);
  const [comune, admin] = [values.get('comune'), values.get('admin')];
  if (comune && /^\d{6}$/.test(comune)) link.comune = comune;
  if (admin) link.admin = unescape(admin);
  const day = values.get('day');
  if (day && isDay(day)) link.day = day;
  return link;
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function decodeCamera(text: string | undefined): Pick<Link, 'center' | 'zoom' | 'bearing'> {
  const [zoom, lat, lon, bearing] = (text ?? '').split('/').map((part) => (part === '' ? Number.NaN : Number(part)));
  const valid = (n: number | undefined, limit: number): n is number => n !== undefined && Number.isFinite(n) && Math.abs(n) <= limit;
  if (!valid(zoom, 24) || zoom < 0 || !valid(lat, 85.06) || !valid(lon, 180)) return {};
  return { zoom, center: [lon, lat], bearing: valid(bearing, 360) ? bearing : 0 };
}

function decodeLayers(text: string): Map<string, number> {
  const layers = new Map<string, number>();
  for (const part of text.split(',').filter(Boolean)) {
    const [id, percent] = part.split(':') as [string, string | undefined];
    const opacity = percent === undefined ? 1 : Number(percent) / 100;
    layers.set(unescape(id), Number.isFinite(opacity) ? Math.max(0, Math.min(1, opacity)) : 1);
  }
  return layers;
}

/** `/portal/?comune=080901`, as others write links to us. */
export function comuneAsked(search: string): string | undefined {
  const asked = new URLSearchParams(search).get('comune');
  return asked && /^\d{6}$/.test(asked) ? asked : undefined;
}
