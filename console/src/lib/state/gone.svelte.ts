/** What was deleted last, for as long as this page lives: it can be brought back at once. */

import { session } from "./session.svelte";

export interface Deleted {
  id: string;
  name: string;
}

class Gone {
  #item = $state.raw<Deleted | null>(null);
  #organization: string | undefined;

  /** What can be brought back in the organisation one acts in. */
  get item(): Deleted | null {
    return session.me?.organization_id === this.#organization ? this.#item : null;
  }

  set item(item: Deleted | null) {
    this.#organization = session.me?.organization_id;
    this.#item = item;
  }
}

export const goneTeam = new Gone();
export const goneAgent = new Gone();
export const goneDocument = new Gone();

export type { Gone };
