/** How a run's state is shown. */

import type { RunState } from "../api/types";

export const STATES: Record<RunState, string> = {
  queued: "wait",
  running: "busy",
  finished: "good",
  interrupted: "wait",
  cancelled: "wait",
  failed: "bad",
};

export function hasEnded(state: RunState): boolean {
  return state !== "queued" && state !== "running";
}
