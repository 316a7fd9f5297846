/**
 * MapLibre loads its worker from a file of its own. Without this line everything builds, every unit test passes, and the
 * map stays blank: only a browser notices.
 */
import { setWorkerUrl } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';

setWorkerUrl(workerUrl);
