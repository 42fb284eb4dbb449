import { expect, test } from "vitest";
import { nextPath } from "./next";

test("only pages of the console are gone on to", () => {
  const next = (path: string) => nextPath(`?next=${encodeURIComponent(path)}`);
  expect(next("/runs")).toBe("/runs");
  expect(next("/settings/teams/019a8f3c")).toBe("/settings/teams/019a8f3c");
  for (const path of ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/sign-in"]) {
    expect(next(path)).toBe("/");
  }
  expect(nextPath("")).toBe("/");
});
