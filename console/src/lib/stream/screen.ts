/** Gathers events and shows them together, so that fast streams do not redraw for every token. */

import type { RunEvent } from "./events";
import { apply, type Turn } from "./turn";

/** Events are shown at most this often (milliseconds): faster than the eye, slower than tokens. */
const SHOW_EVERY_MS = 40;

export class Screen {
  readonly #turn: Turn;
  #waiting: RunEvent[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  add(event: RunEvent): void {
    this.#waiting.push(event);
    this.#timer ??= setTimeout(() => this.show(), SHOW_EVERY_MS);
  }

  show(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const event of this.#waiting) apply(this.#turn, event);
    this.#waiting = [];
  }
}
