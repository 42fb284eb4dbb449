/** Days and months of a time zone, as ISO 8601 writes them. */

const DAY = 86_400_000;

/** The day that it is somewhere at a moment. */
export function dayIn(moment: Date, zone: string): string {
  // Sweden writes days as ISO 8601 does.
  return moment.toLocaleDateString("sv-SE", { timeZone: zone });
}

/** The moment at which so many days begin there, today among them. */
export function sinceDays(days: number, zone: string, now: Date = new Date()): string {
  const today = Date.parse(dayIn(now, zone));
  const midnight = today - (days - 1) * DAY;
  // How far the clock there is from Greenwich; looked up again where that moment may be another.
  const ahead = (moment: number) => Date.parse(`${new Date(moment).toLocaleString("sv-SE", { timeZone: zone })}Z`) - moment;
  const first = midnight - ahead(midnight);
  return new Date(midnight - ahead(first)).toISOString();
}

/** Every day from one to another. */
export function days(first: string, last: string): string[] {
  const found: string[] = [];
  for (let at = Date.parse(first); at <= Date.parse(last); at += DAY) found.push(new Date(at).toISOString().slice(0, 10));
  return found;
}

/** Every month from one day's to another's. */
export function months(first: string, last: string): string[] {
  return [...new Set(days(first, last).map((day) => day.slice(0, 7)))];
}

/** "2026-11-21" as "Nov 21", "2026-11" as "Nov 2026". */
export function periodName(period: string): string {
  const date = new Date(`${period.padEnd(10, "-01")}T12:00:00Z`);
  const short = { month: "short", timeZone: "UTC" } as const;
  return date.toLocaleDateString(undefined, period.length > 7 ? { ...short, day: "numeric" } : { ...short, year: "numeric" });
}
