import { expect, test } from "vitest";
import { inDays, until } from "./expiry";

const NOW = Date.parse("2026-11-21T12:00:00Z");

test("a lifetime ends that many days from now, or never", () => {
  expect(inDays(7, NOW)).toBe("2026-11-28T12:00:00.000Z");
  expect(inDays(null, NOW)).toBeNull();
});

test.each([
  ["2026-11-21T11:59:59Z", "over"],
  ["2026-11-21T12:10:00Z", "in 1 h"],
  ["2026-11-22T12:00:00Z", "in a day"],
  ["2026-12-21T12:00:00Z", "in 30 days"],
])("%s is %s", (moment, words) => {
  expect(until(moment, NOW)).toBe(words);
});
