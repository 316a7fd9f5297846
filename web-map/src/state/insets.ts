/** What panels cover of the map. */
import type { Insets } from '../map/view';

/** Below this width panels are sheets at the bottom. */
export const PHONE_PX = 768;

/** Measured where the panels lie now, in pixels from each edge of the map. */
export function insetsOfPanels(): Insets {
  const insets: Insets = { top: 0, right: 0, bottom: 0, left: 0 };
  const map = document.getElementById('map')?.getBoundingClientRect();
  if (!map) return insets;
  const phone = innerWidth < PHONE_PX;
  for (const element of document.querySelectorAll<HTMLElement>('[data-covers]')) {
    const box = element.getBoundingClientRect();
    if (box.width === 0) continue;
    const side = phone ? 'bottom' : element.dataset['covers'];
    if (side === 'left') insets.left = Math.max(insets.left, box.right - map.left);
    if (side === 'right') insets.right = Math.max(insets.right, map.right - box.left);
    if (side === 'bottom') insets.bottom = Math.max(insets.bottom, map.bottom - box.top);
  }
  return insets;
}
