/** Follows one run to its terminal event, over as many connections as it takes. */

import { Problem } from "../api/problem";
import { isTerminal, type RunEvent, type TerminalEvent } from "./events";
import { Dropped, readFrames } from "./sse";

export type Connection = "connecting" | "live" | "reconnecting";

export interface Follow {
  /** Opens the stream of events after `after`; rejects with `Problem` when the server refuses. */
  open(after: number, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
  /** Called once per sequence number, in order and without gaps. */
  onEvent(seq: number, event: RunEvent): void;
  onConnection?(connection: Connection): void;
  /** Pauses before attempt number `attempt` (1, 2, …); rejects when the signal aborts. */
  pause?(milliseconds: number, signal: AbortSignal): Promise<void>;
  signal: AbortSignal;
  /** Milliseconds of silence after which a connection counts as dead. */
  idleMs?: number;
}

/** Longer than any sane heartbeat; reconnecting early costs one request and loses nothing. */
const IDLE_MS = 45_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Reads until the run's terminal event and returns it.
 *
 * A connection that ends without one is reopened after the last event seen; only a refusal that
 * will not pass (any other HTTP error) or the abort of `signal` rejects.
 */
export async function follow(options: Follow): Promise<TerminalEvent> {
  const { signal, onConnection, pause = sleep } = options;
  const progress = new Progress(options);
  let attempt = 0;
  onConnection?.("connecting");
  for (;;) {
    const before = progress.last;
    let retryAfter = 0;
    try {
      const terminal = await progress.readOnce();
      if (terminal) return terminal;
    } catch (error) {
      retryAfter = pauseAsked(error, signal);
    }
    signal.throwIfAborted();
    attempt = progress.last > before ? 1 : attempt + 1;
    onConnection?.("reconnecting");
    await pause(Math.max(backOff(attempt), retryAfter), signal);
  }
}

/** The cursor in the run's log, which outlives connections. */
class Progress {
  last = 0;

  readonly #options: Follow;

  constructor(options: Follow) {
    this.#options = options;
  }

  /** Reads one connection to its end; returns the terminal event if it came. */
  async readOnce(): Promise<TerminalEvent | null> {
    const { open, signal, idleMs = IDLE_MS, onConnection } = this.#options;
    const body = await open(this.last, signal).catch((error: unknown) => {
      throw error instanceof Problem ? error : new Dropped("No connection.", { cause: error });
    });
    onConnection?.("live");
    for await (const frame of readFrames(body, idleMs)) {
      const event = this.#accept(frame.id, frame.data);
      if (event && isTerminal(event)) return event;
    }
    return null;
  }

  #accept(id: string | null, data: string): RunEvent | null {
    const seq = id === null ? Number.NaN : Number(id);
    if (!Number.isInteger(seq) || seq <= this.last) return null;
    if (seq !== this.last + 1) throw new Dropped(`Event ${seq} came after ${this.last}.`);
    const event = JSON.parse(data) as RunEvent;
    this.last = seq;
    this.#options.onEvent(seq, event);
    return event;
  }
}

/** Milliseconds the server asked us to wait; rethrows what another attempt cannot mend. */
function pauseAsked(error: unknown, signal: AbortSignal): number {
  signal.throwIfAborted();
  if (error instanceof Dropped) return 0;
  if (error instanceof Problem && error.passing) return error.retryAfter * 1000;
  throw error;
}

/** Doubles from a quarter of a second to five seconds, with up to a quarter taken off at random. */
export function backOff(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  return full * (1 - random() / 4);
}

/** Waits, but no longer than until the network comes back or `wake` is called. */
function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = new AbortController();
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      done.abort();
      settle();
    };
    const timer = setTimeout(() => finish(resolve), milliseconds);
    globalThis.addEventListener("online", () => finish(resolve), { signal: done.signal });
    waker.addEventListener("wake", () => finish(resolve), { signal: done.signal });
    const abort = () => finish(() => reject(signal.reason as Error));
    signal.addEventListener("abort", abort, { signal: done.signal });
  });
}

const waker = new EventTarget();

/** Ends every pause now: the user asked to try again. */
export function wake(): void {
  waker.dispatchEvent(new Event("wake"));
}
