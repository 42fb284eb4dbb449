/** Messages that wait while a run is at work, until their turn has come or they were heard. */

import { Problem } from "../api/problem";
import type { Page } from "../api/client";
import type { WaitingMessage } from "../api/types";
import { announcer } from "./announcer.svelte";
import { api } from "./session.svelte";

export class Line {
  items = $state.raw<WaitingMessage[]>([]);

  readonly #path: string;

  constructor(conversation: string) {
    this.#path = `/api/v1/conversations/${conversation}/waiting`;
  }

  /** Reads what waits; what cannot be read now is read when the next turn begins. */
  async load(): Promise<void> {
    await api.get<Page<WaitingMessage>>(this.#path).then(
      (page) => (this.items = page.items),
      () => undefined,
    );
  }

  has(run: string | null): run is string {
    return this.items.some((each) => each.run_id === run);
  }

  /** Takes a message out whose turn has come, by its run. */
  next(run: string): WaitingMessage | undefined {
    const found = this.items.find((each) => each.run_id === run);
    if (found) this.heard(found.message_id);
    return found;
  }

  /** A message waits no more. */
  heard(message: string): void {
    this.items = this.items.filter((each) => each.message_id !== message);
  }

  /** Takes a message back, unless it was answered or heard a moment before. */
  async remove(message: string): Promise<void> {
    await api.delete(`${this.#path}/${encodeURIComponent(message)}`).catch((error: unknown) => {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
    });
    this.heard(message);
    announcer.say("The message is taken back.");
  }
}
