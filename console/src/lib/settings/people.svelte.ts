/** Names of those who are mentioned by their id: members of this organisation. */

import { withQuery, type Page } from "../api/client";
import type { Member } from "../api/types";
import { api, session } from "../state/session.svelte";

const PAGE = 100;
const MOST = 1000;

class People {
  #members = $state.raw(new Map<string, Member>());
  #seen = "";

  /** Reads them, once for each place. Where they cannot be read, ids stay ids. */
  async load(): Promise<void> {
    const place = `${session.me?.id} in ${session.me?.organization_id}`;
    if (place === this.#seen) return;
    this.#seen = place;
    this.#members = new Map();
    await this.read().catch(() => undefined);
  }

  /** Those who may be chosen from. */
  get all(): Member[] {
    return [...this.#members.values()];
  }

  name(id: string | null): string {
    if (id === null) return "The deployment";
    if (id === session.me?.id) return "You";
    return this.#members.get(id)?.name ?? `${id.slice(0, 8)}…`;
  }

  /** Reads them anew: somebody has come or gone. */
  async read(): Promise<void> {
    const path = `/api/v1/organizations/${session.me?.organization_id}/members`;
    const members = new Map<string, Member>();
    let cursor: string | null = null;
    do {
      const page: Page<Member> = await api.get(withQuery(path, { limit: PAGE, cursor }));
      for (const member of page.items) members.set(member.user_id, member);
      cursor = page.next_cursor;
    } while (cursor !== null && members.size < MOST);
    this.#members = members;
  }
}

export const people = new People();
