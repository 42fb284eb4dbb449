import { expect, test } from "vitest";
import { outsideProblem } from "./outside";

test("a reason that the server gives is told in words, and nothing else is", () => {
  expect(outsideProblem("?problem=issuer_away")?.detail).toContain("does not answer");
  expect(outsideProblem("?problem=send+money")).toBeNull();
  expect(outsideProblem("")).toBeNull();
});
