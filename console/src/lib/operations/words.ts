/** What operators are told of jobs and runs, and how they name an organisation. */

import type { JobState } from "../api/types";

export const JOBS = "/api/v1/platform/jobs";
export const RUNS = "/api/v1/platform/runs";

export const JOB_LOOKS: Record<JobState, string> = { waiting: "wait", running: "busy", dead: "bad" };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** An id that somebody has typed: empty if there is none, null while it is none yet. */
export function idOf(typed: string): string | null {
  const id = typed.trim();
  return id === "" || UUID.test(id) ? id : null;
}

/** The moment that lies so many hours before now, as the API takes it; empty for no bound. */
export function before(hours: string, now: number = Date.now()): string {
  return hours === "" ? "" : new Date(now - Number(hours) * 3_600_000).toISOString();
}
