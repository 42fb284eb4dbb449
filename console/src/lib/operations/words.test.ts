import { expect, test } from "vitest";
import { before, idOf } from "./words";

test("an id counts once it is whole", () => {
  expect(idOf("  ")).toBe("");
  expect(idOf("019a8f3c-1c7e-7d90")).toBeNull();
  expect(idOf(" 019a8f3c-1c7e-7d90-8a4b-5d3f2a1b0c9e ")).toBe("019a8f3c-1c7e-7d90-8a4b-5d3f2a1b0c9e");
});

test("an age is told as a moment", () => {
  const now = Date.parse("2026-11-30T12:00:00Z");
  expect(before("", now)).toBe("");
  expect(before("24", now)).toBe("2026-11-29T12:00:00.000Z");
});
