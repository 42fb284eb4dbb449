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
