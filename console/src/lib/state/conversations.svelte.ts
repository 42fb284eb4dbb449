/** The list in the sidebar: newest first, loaded page by page. */

import { withQuery, type Page } from "../api/client";
import { asProblem, type Problem } from "../api/problem";
import { save } from "../api/save";
import type { Conversation } from "../api/types";
import { api } from "./session.svelte";
import { tags } from "./tags.svelte";

const PATH = "/api/v1/conversations";
const PAGE_SIZE = 50;

class Conversations {
  items = $state<Conversation[]>([]);
  status = $state<"loading" | "ready" | "failed">("loading");
  problem = $state<Problem | null>(null);
  more = $state(false);
  /** How many were deleted here; the list of those looks at this. */
  removed = $state(0);

  #cursor: string | null = null;
  #asked = 0;
  #applied = new Map<string, number>();

  async load(): Promise<void> {
    this.#cursor = null;
    await this.#page((loaded) => (this.items = loaded));
  }

  async loadMore(): Promise<void> {
    await this.#page((loaded) => {
      const known = new Set(this.items.map((item) => item.id));
      this.items.push(...loaded.filter((item) => !known.has(item.id)));
    });
  }

  find(id: string): Conversation | undefined {
    return this.items.find((item) => item.id === id);
  }

  /** Reads one conversation anew: a turn has given it a title or moved it up. */
  async refresh(id: string): Promise<Conversation> {
    const turn = (this.#asked += 1);
    const fresh = await api.get<Conversation>(`${PATH}/${id}`);
    // Answers may overtake each other; an older one must not bring back what has passed.
    if (turn < (this.#applied.get(id) ?? 0)) return fresh;
    this.#applied.set(id, turn);
    this.items = [fresh, ...this.items.filter((item) => item.id !== id)].toSorted((a, b) =>
      b.updated_at.localeCompare(a.updated_at),
    );
    return fresh;
  }

  async rename(id: string, title: string): Promise<void> {
    await api.patch(`${PATH}/${id}`, { title });
    const item = this.find(id);
    if (item) item.title = title;
  }

  async tag(id: string, given: string[]): Promise<void> {
    await api.patch(`${PATH}/${id}`, { tags: given });
    const item = this.find(id);
    if (item) item.tags = given;
    void tags.load();
  }

  /** Makes a conversation of one that was exported; answers its id. */
  async take(exported: Record<string, unknown>): Promise<string> {
    const { id } = await api.post<Conversation>(PATH, exported);
    void tags.load();
    await this.refresh(id);
    return id;
  }

  /** Saves a conversation as a file. */
  async export(item: Conversation, format: "json" | "markdown"): Promise<void> {
    const name = (item.title || "conversation").replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60);
    const path = withQuery(`${PATH}/${item.id}/export`, { format });
    await save(path, `${name}.${format === "json" ? "json" : "md"}`);
  }

  async remove(id: string): Promise<void> {
    await api.delete(`${PATH}/${id}`);
    this.removed += 1;
    this.items = this.items.filter((item) => item.id !== id);
    void tags.load();
  }

  /** Brings back one that was deleted. */
  async restore(deleted: string): Promise<void> {
    const { id } = await api.post<Conversation>(`${PATH}/${deleted}/restore`);
    void tags.load();
    await this.refresh(id);
  }

  async #page(take: (loaded: Conversation[]) => void): Promise<void> {
    try {
      const query = { limit: PAGE_SIZE, cursor: this.#cursor };
      const page = await api.get<Page<Conversation>>(withQuery(PATH, query));
      take(page.items);
      this.#cursor = page.next_cursor;
      this.more = page.next_cursor !== null;
      this.status = "ready";
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
      this.status = "failed";
    }
  }
}

export const conversations = new Conversations();
