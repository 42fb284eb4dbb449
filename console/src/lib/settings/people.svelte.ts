/** Names of those who are mentioned by their id: members of this organisation. */

import type { Page } from "../api/client";
import type { Member } from "../api/types";
import { api, session } from "../state/session.svelte";

const MOST = 100;

class People {
  #names = $state.raw(new Map<string, string>());
  #seen = "";

  /** Reads them, once for each place. Where they cannot be read, ids stay ids. */
  async load(): Promise<void> {
    const place = `${session.me?.id} in ${session.me?.organization_id}`;
    if (place === this.#seen) return;
    this.#seen = place;
    this.#names = new Map();
    await this.read().catch(() => undefined);
  }

  /** Ids and names, as they may be chosen from. */
  get all(): [string, string][] {
    return [...this.#names];
  }

  name(id: string | null): string {
    if (id === null) return "The deployment";
    if (id === session.me?.id) return "You";
    return this.#names.get(id) ?? `${id.slice(0, 8)}…`;
  }

  /** Reads them anew: somebody has come or gone. */
  async read(): Promise<void> {
    const path = `/api/v1/organizations/${session.me?.organization_id}/members?limit=${MOST}`;
    const page = await api.get<Page<Member>>(path);
    this.#names = new Map(page.items.map((member) => [member.user_id, member.name]));
  }
}

export const people = new People();
