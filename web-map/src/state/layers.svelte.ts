/** Which layers are on, how opaque, and how their data are doing. */
import type { Layer } from '../api/contract';

export type Health = 'ok' | 'slow' | 'error';

export interface LayerState { on: boolean; opacity: number; health: Health; reason: string }

export class LayerStates {
  private states = $state<Record<string, LayerState>>({});

  /** Takes over a catalogue: new layers start as it says, known ones stay as the reader left them. */
  adopt(layers: Layer[], linked?: Map<string, number>): void {
    const before = this.states;
    this.states = Object.fromEntries(
      layers.map((layer): [string, LayerState] => [
        layer.id,
        before[layer.id] ?? {
          on: linked ? linked.has(layer.id) : layer.visible,
          opacity: linked?.get(layer.id) ?? 1,
          health: 'ok',
          reason: '',
        },
      ]),
    );
  }

  /** What a link says about layers, on top of the present state. */
  apply(linked: Map<string, number>): void {
    for (const [id, state] of Object.entries(this.states)) {
      state.on = linked.has(id);
      state.opacity = linked.get(id) ?? 1;
    }
  }

  reset(layers: Layer[]): void {
    this.apply(new Map(layers.filter((layer) => layer.visible).map((layer) => [layer.id, 1])));
  }

  get(id: string): LayerState | undefined {
    return this.states[id];
  }

  get on(): string[] {
    return Object.keys(this.states).filter((id) => this.states[id]!.on);
  }

  /** Opacity by layer that is on, in the catalogue's order: what a link keeps. */
  get shown(): Map<string, number> {
    return new Map(this.on.map((id) => [id, this.states[id]!.opacity]));
  }

  setHealth(ids: string[], health: Health, reason = ''): void {
    for (const id of ids) {
      const state = this.states[id];
      if (state && (state.health !== health || state.reason !== reason)) Object.assign(state, { health, reason });
    }
  }
}
