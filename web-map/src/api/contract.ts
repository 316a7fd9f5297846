/**
 * What the server answers, as the portal reads it. Longitudes come before latitudes; boxes are
 * `[west, south, east, north]` in CRS84 degrees; lengths are metres.
 */
import type { Geometry } from 'geojson';

export type Lang = 'it' | 'en';
export type Theme = 'light' | 'dark' | 'contrast';
export type Text = Record<Lang, string>;
export type Bbox = [west: number, south: number, east: number, north: number];
export type LonLat = [lon: number, lat: number];

export interface Code { value: string | number; label: Text }

export type FieldType = 'text' | 'integer' | 'number' | 'boolean' | 'date' | 'datetime';

export interface Field {
  name: string;
  label: Text;
  type: FieldType;
  unit?: string | null;
  codes?: Code[] | null;
  searchable?: boolean;
  filterable?: boolean;
  sortable?: boolean;
  /** Those entitled may change it. */
  editable?: boolean;
  /** Only offices see it, in the rows of their comuni. */
  private?: boolean;
  /** It tells of a person: only for a stated purpose. */
  personal?: boolean;
  required?: boolean;
  max_length?: number | null;
}

/** Who may see a layer: everybody, everybody who signed in, those who work for the comune. */
export type Audience = 'public' | 'citizens' | 'officers';

export type GeometryType = 'Point' | 'MultiPoint' | 'LineString' | 'MultiLineString' | 'Polygon' | 'MultiPolygon';

export interface Layer {
  id: string;
  group: string;
  title: Text;
  description?: Text | null;
  /** `mixed`: points, lines and areas in one layer. */
  geometry: 'point' | 'line' | 'polygon' | 'mixed';
  geometry_type?: GeometryType | 'Geometry';
  audience?: Audience;
  /** Who asks may change rows of it, those of their comuni. */
  editable?: boolean;
  /** Its rows are written by operations of their theme only, which are for who asks, in their comuni. */
  operable?: boolean;
  minzoom: number;
  maxzoom: number;
  visible: boolean;
  count?: number | null;
  bbox?: Bbox | null;
  licence?: string | null;
  attribution?: string | null;
  source_date?: string | null;
  accuracy_m?: number | null;
  crs_note?: string | null;
  label_field?: string | null;
  /** How a row is called, with fields in braces: `Foglio {sheet}, particella {number}`. */
  row_title?: Text | null;
  /** Part of the ground of every map: such layers share one source. */
  base?: boolean;
  /** Rows are valid from a day to a day: a map of another day shows others. */
  validity?: boolean;
  /** The address of a row's own page, from the server's root: `/permits/{id}`. */
  page?: string | null;
  fields: Field[];
  /** What offices see besides, if they say what for. */
  personal?: Field[];
}

export interface Crs {
  code: string;
  title: string;
  unit: 'metre' | 'degree';
  axes: string[];
  accuracy_m?: number | null;
}

export interface Basemap {
  id: string;
  title: Text;
  kind: 'none' | 'pmtiles' | 'xyz' | 'wms';
  url?: string | null;
  layers?: string | null;
  attribution?: string | null;
}

export interface Comune { istat: string; catasto: string; name: string; bbox: Bbox }

export interface Catalogue {
  title: Text;
  demo: boolean;
  version: string;
  bbox: Bbox;
  storage_crs: string;
  comuni: Comune[];
  crs: Crs[];
  basemaps: Basemap[];
  groups: { id: string; title: Text }[];
  layers: Layer[];
}

export interface SearchResult {
  layer: string;
  id: string;
  title: string;
  subtitle?: string | null;
  bbox?: Bbox | null;
  point?: LonLat | null;
  /** Its page, with the server's own name for itself. */
  href?: string | null;
  /** It is no more, since that day; what took its place follows it. */
  former?: boolean;
  until?: string | null;
}

export interface CardField { name: string; label: string; value: unknown; text: string; unit?: string | null }

/** How much of a feature another one takes: for areas their common area and its share of the first (0 to 1), for lines the length. */
export interface Overlap { area_m2?: number | null; length_m?: number | null; share?: number | null }

export interface Card {
  layer: string;
  id: string;
  fid?: number | null;
  title: string;
  distance_m?: number | null;
  bbox?: Bbox | null;
  geometry?: Geometry | null;
  fields: CardField[];
  /** ISTAT code, where it is known. */
  comune?: string | undefined;
  links: { href: string; rel: string; title?: string | null }[];
  /** Where the card is of what lies on a feature. */
  overlap?: Overlap | null;
}

export interface Identified { point: LonLat; cards: Card[] }

export interface Coordinate { crs: string; values: number[]; accuracy_m?: number | null; title?: string; axes?: string[]; unit?: Crs['unit'] }

/** One event of `/xyz/{ids}/changes`; a null box means that anything of the layer may have changed. */
export interface Change { position: string; layer: string; bbox: Bbox | null }

/** One of the demo's invented people; a POST to `/auth/demo/{id}` enters as them. */
export interface DemoPerson { id: string; name: string; role: string; title: string }

/** `/auth/me`: who asks. */
export interface Me {
  signed_in: boolean;
  role: string;
  name: string | null;
  id: string | null;
  /** ISTAT codes, or `*` for all. */
  comuni: '*' | string[];
  staff: boolean;
  administrator: boolean;
  email: string | null;
  /** Whether they have a password to change. */
  password: boolean;
  /** Where they change it, or choose one; null if there can be none. */
  links: { password: string | null };
  demo: DemoPerson[];
}
