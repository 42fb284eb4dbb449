/** How values are written for people; the browser's language decides the details. */

let zone: () => string | undefined = () => undefined;

/** Names the time zone of all times from here on; undefined is the browser's own. */
export function tellIn(named: () => string | undefined): void {
  zone = named;
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** 1536 -> "1.5 kB" (decimal units). */
export function bytes(value: number): string {
  const power = value < 1000 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), UNITS.length - 1);
  const scaled = value / 1000 ** power;
  return `${scaled >= 100 || power === 0 ? Math.round(scaled) : scaled.toFixed(1)} ${UNITS[power]}`;
}

/** "1 page", "3 pages". */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${value.toLocaleString()} ${value === 1 ? one : many}`;
}

/** "3", "3 and 5", "3, 5 and 8". */
export function listed(values: readonly number[]): string {
  const texts = values.map((each) => each.toLocaleString());
  return texts.length < 2 ? texts.join("") : `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`;
}

/** Milliseconds as "340 ms", "4.2 s", "3 min 05 s". */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

export function dateTime(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short", timeZone: zone() });
}

export function clock(iso: string): string {
  const date = new Date(iso);
  const time = date.toLocaleTimeString(undefined, { hour12: false, timeZone: zone() });
  return `${time}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "just now", "5 min ago", "3 h ago", then the date. */
export function ago(iso: string, now: number = Date.now()): string {
  const past = now - new Date(iso).getTime();
  if (past < MINUTE) return "just now";
  if (past < HOUR) return `${Math.floor(past / MINUTE)} min ago`;
  if (past < DAY) return `${Math.floor(past / HOUR)} h ago`;
  return new Date(iso).toLocaleDateString(undefined, { dateStyle: "medium", timeZone: zone() });
}

/** "in 3 days", "in 5 h", "over": how far away a moment is. */
export function until(iso: string, now: number = Date.now()): string {
  const left = Date.parse(iso) - now;
  if (left <= 0) return "over";
  if (left < DAY) return `in ${Math.max(1, Math.round(left / HOUR))} h`;
  const days = Math.round(left / DAY);
  return days === 1 ? "in a day" : `in ${days} days`;
}

/** The heading under which a conversation of that time is listed. */
export function recency(iso: string, now: Date = new Date()): string {
  const past = day(now) - day(new Date(iso));
  if (past < 1) return "Today";
  if (past < 2) return "Yesterday";
  return past <= 7 ? "Past seven days" : "Older";
}

/** The number of a moment's day in the calendar. */
function day(moment: Date): number {
  // Sweden writes days as ISO 8601 does.
  const written = moment.toLocaleDateString("sv-SE", { timeZone: zone() });
  return Date.parse(written) / DAY;
}
