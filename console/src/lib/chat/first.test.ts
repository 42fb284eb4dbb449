import { expect, test } from "vitest";
import { allDone, done } from "./first";

const fresh = { providers: ["offline"], offline: false, documents: 0, members: 1, invitations: 0 };

test("in a fresh organisation nothing is done", () => {
  expect(done(fresh)).toEqual({ model: false, documents: false, people: false });
});

test("each step is done by what it asks for", () => {
  expect(done({ ...fresh, providers: ["offline", "openai"] }).model).toBe(true);
  expect(done({ ...fresh, offline: true }).model).toBe(true);
  expect(done({ ...fresh, documents: 1 }).documents).toBe(true);
  expect(done({ ...fresh, invitations: 1 }).people).toBe(true);
  expect(allDone(done({ ...fresh, offline: true, documents: 3, members: 2 }))).toBe(true);
});
