/** Who is looking at the map. Asked once the first map is drawn, which it must not delay. */
import type { Me } from '../api/contract';
import { enterAs, fetchMe, signOut } from '../api/identity';
import { RequestFailed } from '../api/http';
import { prefs } from './preferences.svelte';

export class Session {
  /** Undefined before the answer, and where there are no accounts. */
  me = $state.raw<Me>();
  asked = false;

  get known(): Me | undefined {
    return this.me?.signed_in ? this.me : undefined;
  }

  /** Whether rows of this comune (ISTAT code) are theirs to change; one that is not known may be. */
  worksFor(comune: unknown): boolean {
    const comuni = this.known?.comuni;
    return comuni === '*' || typeof comune !== 'string' || Boolean(comuni?.includes(comune));
  }

  /** Without an answer nothing is known and nothing is shown; a map needs no account. */
  async load(): Promise<void> {
    this.asked = true;
    try {
      this.me = await fetchMe(prefs.lang);
    } catch (error) {
      if (error instanceof RequestFailed && error.status !== 0) this.me = undefined;
    }
  }

  enter = (person: string): Promise<void> => enterAs(person);
  leave = (): Promise<void> => signOut();
}
