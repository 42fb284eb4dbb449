/** A list of the API, read page by page. */

import { withQuery, type Page, type Query } from "../api/client";
import { asProblem, type Problem } from "../api/problem";
import { api } from "./session.svelte";

export class Paged<T> {
  /** Null until the first page is there. */
  items = $state.raw<T[] | null>(null);
  problem = $state.raw<Problem | null>(null);
  more = $state(false);

  readonly #path: string;
  readonly #size: number | null;
  #query: Query = {};
  #cursor: string | null = null;
  #asked = 0;

  /** A size of null is for lists that are answered whole. */
  constructor(path: string, size: number | null = 50) {
    this.#path = path;
    this.#size = size;
  }

  /** Reads the first page; a filter stays for the pages after it. */
  async load(query: Query = this.#query): Promise<void> {
    this.#query = query;
    this.#cursor = null;
    await this.#read();
  }

  async loadMore(): Promise<void> {
    await this.#read();
  }

  async #read(): Promise<void> {
    const turn = (this.#asked += 1);
    const from = this.#cursor;
    this.problem = null;
    try {
      const query = { ...this.#query, limit: this.#size, cursor: from };
      const page = await api.get<Page<T>>(withQuery(this.#path, query));
      // Answers may overtake each other when a filter changes quickly.
      if (turn !== this.#asked) return;
      this.items = from === null ? page.items : [...(this.items ?? []), ...page.items];
      this.#cursor = page.next_cursor;
      this.more = page.next_cursor !== null;
    } catch (error) {
      if (turn === this.#asked) this.problem = asProblem(error);
    }
  }
}
