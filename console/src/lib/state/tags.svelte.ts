/** The tags of all of one's conversations, by name, and how many have each. */

import { withQuery, type Page } from "../api/client";
import type { ConversationTag } from "../api/types";
import { api } from "./session.svelte";

const MOST_PAGES = 10;

class Tags {
  items = $state.raw<ConversationTag[]>([]);
  #asked = 0;

  /** Reads them anew; those that were known stay where that fails. */
  async load(): Promise<void> {
    const turn = (this.#asked += 1);
    const items: ConversationTag[] = [];
    let cursor: string | null = null;
    try {
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const found: Page<ConversationTag> = await api.get(withQuery("/api/v1/conversation-tags", { limit: 100, cursor }));
        items.push(...found.items);
        cursor = found.next_cursor;
        if (cursor === null) break;
      }
    } catch {
      return;
    }
    if (turn === this.#asked) this.items = items;
  }
}

export const tags = new Tags();
