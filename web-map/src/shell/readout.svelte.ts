/** The pointer's coordinates: computed here where the system is plain UTM or degrees, asked of the server otherwise, sparingly. */
import type { LonLat } from '../api/contract';
import { coordinates } from '../api/endpoints';
import { project } from '../geo/transverse-mercator';

const PAUSE_MS = 200;

export class Readout {
  values = $state.raw<number[]>([]);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: AbortController | undefined;

  show(at: LonLat, crs: string): void {
    clearTimeout(this.timer);
    const here = project(at, crs);
    if (here) {
      this.values = here;
      return;
    }
    this.timer = setTimeout(() => void this.ask(at, crs), PAUSE_MS);
  }

  private async ask(at: LonLat, crs: string): Promise<void> {
    this.running?.abort();
    this.running = new AbortController();
    try {
      this.values = (await coordinates(at, [crs], this.running.signal))[0]?.values ?? [];
    } catch {
      this.values = [];
    }
  }
}
