/** Files on their way into a collection: two at a time, each with its own progress and fate. */

import { asProblem, type Problem } from "../api/problem";
import { transfer } from "../api/transfer";
import type { Accepted } from "../api/types";
import { newId } from "../text/ids";

export interface Outgoing {
  id: string;
  name: string;
  bytes: number;
  sent: number;
  state: "waiting" | "sending" | "failed";
  problem: Problem | null;
}

const AT_ONCE = 2;

export class Uploads {
  items = $state<Outgoing[]>([]);

  readonly #url: string;
  readonly #onAccepted: () => void;
  readonly #left = new AbortController();
  readonly #files = new Map<string, File>();

  constructor(collection: string, onAccepted: () => void) {
    this.#url = `/api/v1/collections/${collection}/documents`;
    this.#onAccepted = onAccepted;
  }

  add(files: Iterable<File>): void {
    for (const file of files) {
      const id = newId();
      this.#files.set(id, file);
      this.items.push({ id, name: file.name, bytes: file.size, sent: 0, state: "waiting", problem: null });
    }
    this.#next();
  }

  retry(item: Outgoing): void {
    item.state = "waiting";
    item.sent = 0;
    item.problem = null;
    this.#next();
  }

  dismiss(id: string): void {
    this.#files.delete(id);
    this.items = this.items.filter((item) => item.id !== id);
  }

  /** Stops what is still being sent. */
  close(): void {
    this.#left.abort(new DOMException("The page was left.", "AbortError"));
  }

  #next(): void {
    const sending = this.items.filter((item) => item.state === "sending").length;
    const waiting = this.items.filter((item) => item.state === "waiting");
    for (const item of waiting.slice(0, AT_ONCE - sending)) void this.#send(item);
  }

  async #send(item: Outgoing): Promise<void> {
    const file = this.#files.get(item.id);
    if (!file) return;
    item.state = "sending";
    try {
      await this.#transfer(item, file);
      this.dismiss(item.id);
      this.#onAccepted();
    } catch (error) {
      if (this.#left.signal.aborted) return;
      item.state = "failed";
      item.problem = asProblem(error);
    }
    this.#next();
  }

  #transfer(item: Outgoing, file: File): Promise<Accepted> {
    const body = new FormData();
    body.append("file", file, file.name);
    const onProgress = (sent: number, total: number) => (item.sent = (file.size * sent) / total);
    return transfer<Accepted>({ url: this.#url, body, signal: this.#left.signal, onProgress });
  }
}
