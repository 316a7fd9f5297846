/** A measure in the making: points, what they amount to, and how it is drawn. */
import type { FeatureCollection } from 'geojson';
import type { LonLat } from '../api/contract';
import { area as formatArea, length as formatLength } from '../format/numbers';
import { area, distance, length } from '../geo/geodesic';
import { measureData } from '../map/overlay';
import { prefs } from './preferences.svelte';

export type MeasureKind = 'length' | 'area';

export class Measure {
  kind = $state<MeasureKind>('length');
  points = $state.raw<LonLat[]>([]);
  finished = $state(false);

  private ring = $derived(this.kind === 'area' && this.points.length > 2 ? [...this.points, this.points[0]!] : this.points);
  segments = $derived(this.ring.slice(1).map((point, i) => distance(this.ring[i]!, point)));
  metres = $derived(length(this.ring));
  squareMetres = $derived(this.kind === 'area' ? area(this.points) : 0);
  total = $derived(this.kind === 'area' ? formatArea(this.squareMetres, prefs.lang) : formatLength(this.metres, prefs.lang));

  /** A point after the end begins a new measure. */
  add(point: LonLat): void {
    const last = this.finished ? undefined : this.points.at(-1);
    if (last && distance(last, point) < 0.001) return;
    this.points = this.finished ? [point] : [...this.points, point];
    this.finished = false;
  }

  undo(): void {
    this.points = this.points.slice(0, -1);
    this.finished = false;
  }

  finish(): void {
    this.finished = this.points.length > 1;
  }

  clear(): void {
    this.points = [];
    this.finished = false;
  }

  drawing(): FeatureCollection {
    const labels = this.segments.map((metres) => formatLength(metres, prefs.lang));
    return measureData({ points: this.points, polygon: this.kind === 'area', labels });
  }
}
