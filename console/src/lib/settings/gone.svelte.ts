/** What was deleted last, for as long as this page lives: it can be brought back at once. */

import type { Team } from "../api/types";
import { session } from "../state/session.svelte";

class Gone {
  #team = $state.raw<Team | null>(null);
  #organization: string | undefined;

  /** The team that can be brought back in the organisation one acts in. */
  get team(): Team | null {
    return session.me?.organization_id === this.#organization ? this.#team : null;
  }

  set team(team: Team | null) {
    this.#organization = session.me?.organization_id;
    this.#team = team;
  }
}

export const gone = new Gone();
