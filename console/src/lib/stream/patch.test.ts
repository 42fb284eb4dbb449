import { describe, expect, test } from "vitest";
import { patched } from "./patch";

describe("a patch", () => {
  test.each([
    [{ op: "add", path: "/b/1", value: 9 }, { a: 1, b: [1, 9, 2] }],
    [{ op: "add", path: "/b/-", value: 9 }, { a: 1, b: [1, 2, 9] }],
    [{ op: "replace", path: "", value: [] }, []],
    [{ op: "remove", path: "/b/0" }, { a: 1, b: [2] }],
    [{ op: "move", from: "/a", path: "/c" }, { b: [1, 2], c: 1 }],
    [{ op: "copy", from: "/b", path: "/x~1y" }, { a: 1, b: [1, 2], "x/y": [1, 2] }],
    [{ op: "test", path: "/a", value: 1 }, { a: 1, b: [1, 2] }],
  ])("%o", (change, expected) => {
    const value = { a: 1, b: [1, 2] };
    expect(patched(value, [change])).toEqual(expected);
    expect(value).toEqual({ a: 1, b: [1, 2] });
  });

  test("that does not fit changes nothing, and nothing gets into a prototype", () => {
    const value = { a: 1 };
    const fine = { op: "add", path: "/b", value: 2 };
    for (const bad of [
      { op: "test", path: "/a", value: 2 },
      { op: "add", path: "/x/y", value: 2 },
      { op: "add", path: "/__proto__", value: { hit: 1 } },
      { op: "add", path: "/constructor/prototype/hit", value: 1 },
      { op: "other", path: "/a" },
    ]) {
      expect(patched(value, [fine, bad])).toBe(value);
    }
    expect(({} as Record<string, unknown>)["hit"]).toBeUndefined();
  });
});
