import { expect, test } from "vitest";
import { objectOf, plainly } from "./plainly";

test("what has no shape is written as an escape, and reads back as the same", () => {
  const value = { to: "a\u202Ebc\u200B@x.org", tag: "\u{E0041}", text: "line\nline", word: "Grüße 🎉" };
  const written = plainly(value);
  expect(written).toContain("a\\u202ebc\\u200b@x.org");
  expect(written).toContain("\\udb40\\udc41");
  expect(written).toContain("line\\nline");
  expect(written).toContain("Grüße 🎉");
  expect(JSON.parse(written)).toEqual(value);
});

test.each(["", "[1]", "null", "3", "{", '"x"'])("%s is no object", (text) => {
  expect(objectOf(text)).toBeNull();
});

test("an object is read", () => {
  expect(objectOf('{"a": 1}')).toEqual({ a: 1 });
});
