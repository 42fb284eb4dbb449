import { expect, test } from "vitest";
import { inDays } from "./expiry";

const NOW = Date.parse("2026-11-21T12:00:00Z");

test("a lifetime ends that many days from now, or never", () => {
  expect(inDays(7, NOW)).toBe("2026-11-28T12:00:00.000Z");
  expect(inDays(null, NOW)).toBeNull();
});
