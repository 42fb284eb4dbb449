/** How a run's state is shown. */
const LOOKS: Record<string, string> = {
  queued: "wait",
  pending: "wait",
  interrupted: "wait",
  cancelled: "wait",
  cancelling: "wait",
  running: "busy",
  succeeded: "good",
  success: "good",
  finished: "good",
  completed: "good",
  failed: "bad",
  error: "bad",
};

const ENDED = new Set(["succeeded", "success", "finished", "completed", "failed", "error", "cancelled", "interrupted"]);

export function lookOf(state: string): string {
  return LOOKS[state] ?? "";
}

export function hasEnded(state: string): boolean {
  return ENDED.has(state);
}
