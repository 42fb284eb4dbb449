/** One run and its event log, read page by page and kept current until the run has ended. */

import { withQuery, type Page } from "../api/client";
import { asProblem, type Problem } from "../api/problem";
import type { LoggedEvent, Run } from "../api/types";
import { api } from "../state/session.svelte";
import { hasEnded } from "./look";

const PAGE_SIZE = 200;
const POLL_MS = 1000;

export class RunLog {
  run = $state.raw<Run | null>(null);
  events = $state.raw<LoggedEvent[]>([]);
  status = $state<"loading" | "ready" | "failed">("loading");
  problem = $state<Problem | null>(null);
  /** Whether more events are stored than are shown. */
  more = $state(false);
  following = $state(false);

  readonly #path: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #left = new AbortController();

  constructor(id: string) {
    this.#path = `/api/v1/runs/${id}`;
  }

  async load(): Promise<void> {
    this.problem = null;
    try {
      // The run is read before its events: what it says of its end is then never ahead of the log.
      this.run = await api.get<Run>(this.#path, this.#left.signal);
      await this.loadMore();
      this.status = "ready";
    } catch (error) {
      this.#fail(error);
    }
  }

  async loadMore(): Promise<void> {
    const after = this.events.at(-1)?.seq ?? 0;
    const path = withQuery(`${this.#path}/events`, { after, limit: PAGE_SIZE, format: "log" });
    const page = await api.get<Page<LoggedEvent>>(path, this.#left.signal);
    const fresh = page.items.filter((event) => event.seq > after);
    if (fresh.length > 0) this.events = [...this.events, ...fresh];
    this.more = page.items.length === PAGE_SIZE;
    this.#schedule();
  }

  /** Reads on by hand; used where the log is longer than a page. */
  async onMore(): Promise<void> {
    try {
      await this.loadMore();
    } catch (error) {
      this.#fail(error);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#left.abort();
  }

  /** While the run goes on, its end of the log is followed. */
  #schedule(): void {
    clearTimeout(this.#timer);
    this.following = this.run !== null && !hasEnded(this.run.state);
    if (this.following) this.#timer = setTimeout(() => void this.load(), POLL_MS);
  }

  #fail(error: unknown): void {
    if (this.#left.signal.aborted) return;
    this.problem = asProblem(error);
    if (this.run === null) this.status = "failed";
    else if (this.following) this.#timer = setTimeout(() => void this.load(), 5 * POLL_MS);
  }
}
