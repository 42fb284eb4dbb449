import { expect, test } from "vitest";
import { ago, bytes, count, dateTime, duration, recency, tellIn, until } from "./format";
import { newId } from "./ids";

test("bytes grow through their units", () => {
  expect([0, 999, 1500, 250_000, 3_400_000].map(bytes)).toEqual(["0 B", "999 B", "1.5 kB", "250 kB", "3.4 MB"]);
});

test("durations are written as people say them", () => {
  expect([12, 4210, 185_000].map(duration)).toEqual(["12 ms", "4.2 s", "3 min 05 s"]);
});

test("one is singular", () => {
  expect([count(1, "page"), count(2, "page"), count(2, "query", "queries")]).toEqual(["1 page", "2 pages", "2 queries"]);
});

test("conversations are grouped by the calendar's days, not by 24 hours", () => {
  const now = new Date(2026, 10, 21, 0, 30);
  const at = (...parts: [number, number, number, number]) => new Date(...parts).toISOString();
  expect(recency(at(2026, 10, 21, 0), now)).toBe("Today");
  expect(recency(at(2026, 10, 20, 23), now)).toBe("Yesterday");
  expect(recency(at(2026, 10, 16, 12), now)).toBe("Past seven days");
  expect(recency(at(2026, 8, 1, 12), now)).toBe("Older");
});

test("times are told by the clock of a zone that is named", () => {
  const midnight = "2026-11-21T23:30:00Z";
  const now = new Date("2026-11-22T00:30:00Z");
  tellIn(() => "Asia/Tokyo");
  expect([dateTime(midnight).includes("22"), recency(midnight, now)]).toEqual([true, "Today"]);
  tellIn(() => "America/New_York");
  expect([dateTime(midnight).includes("21"), recency(midnight, now)]).toEqual([true, "Today"]);
  tellIn(() => "UTC");
  expect(recency(midnight, now)).toBe("Yesterday");
  tellIn(() => undefined);
});

test("recent times are relative", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  expect(ago("2026-11-21T11:59:50Z", now)).toBe("just now");
  expect(ago("2026-11-21T11:15:00Z", now)).toBe("45 min ago");
});

test.each([
  ["2026-11-21T11:59:59Z", "over"],
  ["2026-11-21T12:10:00Z", "in 1 h"],
  ["2026-11-22T12:00:00Z", "in a day"],
  ["2026-12-21T12:00:00Z", "in 30 days"],
])("%s is %s", (moment, words) => {
  expect(until(moment, Date.parse("2026-11-21T12:00:00Z"))).toBe(words);
});

test("ids are version 4 UUIDs and differ", () => {
  expect(newId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(newId()).not.toBe(newId());
});
