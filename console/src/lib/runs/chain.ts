/** What the console can tell of a run's hash chain from the part of the log that it has read. */

import type { LoggedEvent, Run } from "../api/types";

export type ChainState = "whole" | "partial" | "open" | "broken";

/**
 * Checks that the numbers have no gap and that the last hash is the run's head.
 *
 * This compares what the server tells in two places; recomputing the hashes is the work of
 * `folkmoot runs verify`.
 */
export function chainState(run: Run, events: LoggedEvent[], ended: boolean): ChainState {
  if (events.some((event, index) => event.seq !== index + 1)) return "broken";
  if (!ended) return "open";
  if (events.length < run.events) return "partial";
  return events.length === run.events && events.at(-1)?.hash === run.head ? "whole" : "broken";
}
