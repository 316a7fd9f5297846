/** What somebody is at work on. The code behind it is loaded when it begins; only its names are known here. */
import type { LonLat } from '../api/contract';

/** Changing a feature, or making one where there is no `id` (`of`: the code that it is for); or looking at what became of one. */
export type Work = { kind: 'edit'; layer: string; id?: string; of?: string; resumed?: boolean } | { kind: 'history'; layer: string; id: string; title: string };

/** Takes what a reader does on the map while something is being drawn. */
export interface MapTool {
  clicked(at: LonLat): void;
  doubleClicked(): void;
  /** Whether the key was for it. */
  keydown(event: KeyboardEvent): boolean;
}

export const ADMIN_TABS = ['people', 'keys', 'layers', 'audit', 'jobs'] as const;
export type AdminTab = (typeof ADMIN_TABS)[number];

/** The page that a link names; the first where it names none of them. */
export const adminTab = (name: string | undefined): AdminTab | undefined => (name ? (ADMIN_TABS.find((tab) => tab === name) ?? 'people') : undefined);

/** Where an unsaved change waits, in this tab alone: see `src/editing/drafts.ts`. */
export const DRAFT = 'opensit.draft';
