/** The documents of one collection, kept current while any of them is still being read. */

import { withQuery, type Page } from "../api/client";
import { asProblem, type Problem } from "../api/problem";
import type { Accepted, Collection, SourceDocument } from "../api/types";
import { announcer } from "../state/announcer.svelte";
import { goneDocument } from "../state/gone.svelte";
import { api } from "../state/session.svelte";

const PAGE_SIZE = 50;
const POLL_MS = 1500;
/** Pending documents beyond the first page are asked for one by one, so many at a time. */
const SINGLES = 8;

export class Documents {
  collection = $state<Collection | null>(null);
  items = $state<SourceDocument[]>([]);
  status = $state<"loading" | "ready" | "failed">("loading");
  problem = $state<Problem | null>(null);
  more = $state(false);

  readonly #path: string;
  #cursor: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #left = false;

  constructor(collection: string) {
    this.#path = `/api/v1/collections/${collection}`;
  }

  async load(): Promise<void> {
    try {
      const [collection, page] = await Promise.all([api.get<Collection>(this.#path), this.#page(null)]);
      this.collection = collection;
      this.items = page.items;
      this.#cursor = page.next_cursor;
      this.more = page.next_cursor !== null;
      this.status = "ready";
      this.problem = null;
      this.#schedule();
    } catch (error) {
      this.problem = asProblem(error);
      this.status = "failed";
    }
  }

  async loadMore(): Promise<void> {
    try {
      const page = await this.#page(this.#cursor);
      this.#merge(page.items);
      this.#cursor = page.next_cursor;
      this.more = page.next_cursor !== null;
    } catch (error) {
      this.problem = asProblem(error);
    }
  }

  /** Looks at once, for instance because an upload has just been accepted. */
  async poll(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      const [collection, page] = await Promise.all([api.get<Collection>(this.#path), this.#page(null)]);
      const seen = new Set(page.items.map((item) => item.id));
      const rest = this.items.filter((item) => isPending(item) && !seen.has(item.id)).slice(0, SINGLES);
      const singles = await Promise.all(
        rest.map((item) => api.get<SourceDocument>(`/api/v1/documents/${item.id}`)),
      );
      this.collection = collection;
      this.#merge([...page.items, ...singles]);
    } catch {
      // The next look may succeed; what is shown is merely not the newest.
    }
    this.#schedule();
  }

  /** Reads a document once more, or fetches it anew. */
  async again(id: string, how: "retry" | "refresh"): Promise<void> {
    const { documents } = await api.post<Accepted>(`/api/v1/documents/${id}/${how}`);
    this.#merge(documents);
    await this.poll();
  }

  /** Does not read a document after all. */
  async cancel(id: string): Promise<void> {
    this.#merge([await api.post<SourceDocument>(`/api/v1/documents/${id}/cancel`)]);
    await this.poll();
  }

  /** Fetches a page or a file of the web; false if it is there already, and fetched once more. */
  async fetch(url: string): Promise<boolean> {
    const { documents, existing } = await api.post<Accepted>(`${this.#path}/documents`, { url });
    this.#merge(documents);
    await this.poll();
    return !existing?.length;
  }

  async remove(item: SourceDocument): Promise<void> {
    await api.delete(`/api/v1/documents/${item.id}`);
    goneDocument.item = { id: item.id, name: item.title };
    this.items = this.items.filter((each) => each.id !== item.id);
    await this.poll();
  }

  close(): void {
    this.#left = true;
    clearTimeout(this.#timer);
  }

  #page(cursor: string | null): Promise<Page<SourceDocument>> {
    return api.get(withQuery(`${this.#path}/documents`, { limit: PAGE_SIZE, cursor }));
  }

  #merge(fresh: SourceDocument[]): void {
    const byId = new Map(this.items.map((item) => [item.id, item]));
    for (const item of fresh) {
      announce(byId.get(item.id), item);
      byId.set(item.id, item);
    }
    this.items = [...byId.values()].toSorted((a, b) => b.created_at.localeCompare(a.created_at));
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const pending = (this.collection?.pending_documents ?? 0) > 0 || this.items.some(isPending);
    if (pending && !this.#left) this.#timer = setTimeout(() => void this.poll(), POLL_MS);
  }
}

export function isPending(item: SourceDocument): boolean {
  return item.status === "queued" || item.status === "processing";
}

function announce(before: SourceDocument | undefined, after: SourceDocument): void {
  if (!before || !isPending(before) || isPending(after)) return;
  if (after.status === "ready") announcer.say(`${after.title} is ready.`);
  else if (after.status === "failed") announcer.say(`${after.title} could not be read.`);
}
