/** Dragging what the sketch offers to be dragged: with the mouse or one finger, while the map itself stays where it is. */
import type { MapMouseEvent, MapTouchEvent } from 'maplibre-gl';
import type { LonLat } from '../api/contract';
import type { MapView } from './view';

const HANDLES = ['sketch/chosen', 'sketch/vertex', 'sketch/middle'];
const REACH_PX = { mouse: 6, touch: 20 };

export interface Grabbing {
  /** `handle` is what the sketch wrote on the feature under the pointer. */
  grabbed(handle: string): void;
  dragged(to: LonLat): void;
  dropped(): void;
}

/** Until the function it returns is called. */
export function grabHandles({ map }: MapView, events: Grabbing): () => void {
  let holding = false;
  const under = ({ point }: MapMouseEvent | MapTouchEvent, reach: number): string | undefined => {
    const layers = HANDLES.filter((id) => map.getLayer(id));
    const box: [[number, number], [number, number]] = [[point.x - reach, point.y - reach], [point.x + reach, point.y + reach]];
    return map.queryRenderedFeatures(box, { layers })[0]?.properties['handle'] as string | undefined;
  };
  const begin = (event: MapMouseEvent | MapTouchEvent, reach: number): void => {
    if ('points' in event && event.points.length > 1) return;
    const handle = under(event, reach);
    if (handle === undefined) return;
    event.preventDefault();
    holding = true;
    events.grabbed(handle);
  };
  const down = (event: MapMouseEvent) => event.originalEvent.button === 0 && begin(event, REACH_PX.mouse);
  const touch = (event: MapTouchEvent) => begin(event, REACH_PX.touch);
  const move = (event: MapMouseEvent | MapTouchEvent): void => {
    if (holding) events.dragged([event.lngLat.lng, event.lngLat.lat]);
    else if (event.type === 'mousemove') map.getCanvas().style.cursor = under(event, REACH_PX.mouse) === undefined ? '' : 'move';
  };
  const up = (): void => {
    if (holding) events.dropped();
    holding = false;
  };
  const listening = [
    map.on('mousedown', down), map.on('touchstart', touch), map.on('mousemove', move), map.on('touchmove', move),
    map.on('mouseup', up), map.on('touchend', up), map.on('touchcancel', up),
  ];
  return () => {
    listening.forEach((one) => one.unsubscribe());
    map.getCanvas().style.cursor = '';
  };
}
