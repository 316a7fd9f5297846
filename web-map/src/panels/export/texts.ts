/** Texts of the export, both languages: a few, fetched with it. */
import { prefs } from '../../state/preferences.svelte';

const it = {
  'title': 'Esporta {layer}',
  'format': 'Formato',
  'gpkg': 'GeoPackage (QGIS, ArcGIS)',
  'fgb': 'FlatGeobuf',
  'geojson': 'GeoJSON',
  'csv': 'CSV (fogli di calcolo)',
  'shp': 'Shapefile',
  'dxf': 'DXF (CAD)',
  'kml': 'KML (Google Earth)',
  'area': 'Quali',
  'all': 'Tutti gli elementi ({n})',
  'all.unknown': 'Tutti gli elementi',
  'view': 'Quelli nella vista della mappa',
  'comune': 'Solo di {comune}',
  'crs': 'Coordinate',
  'crs.own': 'Quelle dell’archivio ({crs})',
  'go': 'Esporta',
  'cancel': 'Annulla',
  'stop': 'Ferma',
  'close': 'Chiudi',
  'running': 'Preparo il file…',
  'done': 'Il file è pronto.',
  'download': 'Scarica',
  'failed': 'Non è riuscita: {reason}',
  'stopped': 'Fermata.',
  'rights': 'Nel file c’è solo ciò che puoi vedere.',
};

const en: Record<keyof typeof it, string> = {
  'title': 'Export {layer}',
  'format': 'Format',
  'gpkg': 'GeoPackage (QGIS, ArcGIS)',
  'fgb': 'FlatGeobuf',
  'geojson': 'GeoJSON',
  'csv': 'CSV (spreadsheets)',
  'shp': 'Shapefile',
  'dxf': 'DXF (CAD)',
  'kml': 'KML (Google Earth)',
  'area': 'Which',
  'all': 'All features ({n})',
  'all.unknown': 'All features',
  'view': 'Those in the map’s view',
  'comune': 'Of {comune} only',
  'crs': 'Coordinates',
  'crs.own': 'Those of the archive ({crs})',
  'go': 'Export',
  'cancel': 'Cancel',
  'stop': 'Stop',
  'close': 'Close',
  'running': 'Preparing the file…',
  'done': 'The file is ready.',
  'download': 'Download',
  'failed': 'It failed: {reason}',
  'stopped': 'Stopped.',
  'rights': 'The file has only what you may see.',
};

export type ExportKey = keyof typeof it;

export const e = (key: ExportKey, values: Record<string, string | number> = {}): string =>
  ({ it, en })[prefs.lang][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
