/** How long a key or an invitation lasts. */

const DAY = 86_400_000;

export const LIFETIMES = [
  { days: 7, label: "in 7 days" },
  { days: 30, label: "in 30 days" },
  { days: 90, label: "in 90 days" },
  { days: 365, label: "in a year" },
];

/** The moment that many days from now; null is never. */
export function inDays(days: number | null, now: number = Date.now()): string | null {
  return days === null ? null : new Date(now + days * DAY).toISOString();
}

/** "in 3 days", "in 5 h", "over": how far away a moment is. */
export function until(iso: string, now: number = Date.now()): string {
  const left = Date.parse(iso) - now;
  if (left <= 0) return "over";
  if (left < DAY) return `in ${Math.max(1, Math.round(left / 3_600_000))} h`;
  const days = Math.round(left / DAY);
  return days === 1 ? "in a day" : `in ${days} days`;
}
