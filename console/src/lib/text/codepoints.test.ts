import { expect, test } from "vitest";
import { toUtf16 } from "./codepoints";

test("offsets after characters outside the first plane move by two", () => {
  const text = "a😀b😀c";
  const [start, end] = toUtf16(text, [2, 3]);
  expect(text.slice(start, end)).toBe("b");
});

test("accents of two code points count as two", () => {
  expect(toUtf16("e\u0301x", [2, 3])).toEqual([2, 3]);
});

test("offsets past the end stop at the end", () => {
  expect(toUtf16("ab", [1, 9])).toEqual([1, 2]);
});

test("a lone surrogate counts as one", () => {
  expect(toUtf16("\ud800ab", [1, 2])).toEqual([1, 2]);
});
