/** What schedules and what came of them are called here. */

import type { Schedule, ScheduleTick } from "../api/types";

export const SCHEDULES = "/api/v1/schedules";

type Look = "good" | "wait" | "bad" | "";

export const TICK_LOOKS: Record<ScheduleTick["outcome"], Look> = {
  waiting: "wait",
  started: "wait",
  finished: "good",
  failed: "bad",
  cancelled: "",
  refused: "bad",
  skipped: "",
  missed: "",
};

const PAUSED: Record<NonNullable<Schedule["paused"]>, { words: string; look: Look }> = {
  asked: { words: "paused", look: "" },
  failures: { words: "paused: it failed too often", look: "bad" },
  place: { words: "paused: whoever made it has gone, or their key", look: "bad" },
  broken: { words: "paused: its time zone is not known any more", look: "bad" },
};

/** How a schedule stands, as one look at it. */
export function stateOf(schedule: Schedule): { words: string; look: Look } {
  if (schedule.paused) return PAUSED[schedule.paused];
  if (schedule.broken) return PAUSED.broken;
  return schedule.failures > 0 ? { words: `failed ${schedule.failures} in a row`, look: "bad" } : { words: "in use", look: "good" };
}

/** The time zones that the browser knows, beginning with the one that it is in. */
export function zones(): string[] {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return [...new Set([here, "UTC", ...Intl.supportedValuesOf("timeZone")])];
}

/** A moment as the clock shows it where the schedule is read. */
export function wall(moment: string, timeZone: string): string {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short", timeZone }).format(new Date(moment));
}
