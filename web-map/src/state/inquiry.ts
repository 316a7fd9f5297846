/** Something that is looked up for a stated purpose: a name, a code. It is in no address, no history and no storage. */
export interface Inquiry {
  theme: string;
  text: string;
  /** What the theme's panel has found, which it forgets with the inquiry. */
  kept?: { forget(): void };
}
