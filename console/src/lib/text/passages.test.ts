import { describe, expect, test } from "vitest";
import { blocksOf, pagesOf, type Block } from "./passages";

function source(text: string, pages: { page: number; start: number; end: number }[] = []) {
  return { document_id: "d", title: "T", text, pages };
}

const marked = (blocks: Block[]) =>
  blocks.flatMap((block) => block.parts.filter((part) => part.marked).map((part) => part.text));
const whole = (blocks: Block[]) => blocks.flatMap((block) => block.parts.map((part) => part.text)).join("");

describe("blocksOf", () => {
  test("marks the span and keeps the text around it", () => {
    const blocks = blocksOf(source("one two three"), [{ start: 4, end: 7 }]);
    expect(marked(blocks)).toEqual(["two"]);
    expect(whole(blocks)).toBe("one two three");
  });

  test("counts code points, not UTF-16 units", () => {
    expect(marked(blocksOf(source("😀😀 cited"), [{ start: 3, end: 8 }]))).toEqual(["cited"]);
  });

  test("a span over a page break is marked on both pages", () => {
    const pages = [
      { page: 1, start: 0, end: 4 },
      { page: 2, start: 4, end: 8 },
    ];
    const blocks = blocksOf(source("aaaabbbb", pages), [{ start: 2, end: 6 }]);
    expect(blocks.map((block) => block.page)).toEqual([1, 2]);
    expect(marked(blocks)).toEqual(["aa", "bb"]);
  });

  test("text between two pages is not lost", () => {
    const pages = [
      { page: 1, start: 0, end: 2 },
      { page: 2, start: 4, end: 6 },
    ];
    expect(whole(blocksOf(source("aa--bb", pages), []))).toBe("aa--bb");
  });

  test("a long text becomes many blocks without losing a character", () => {
    const text = "a line of a book\n".repeat(5000);
    const blocks = blocksOf(source(text), [{ start: 40_000, end: 40_020 }]);
    expect(blocks.length).toBeGreaterThan(10);
    expect(whole(blocks)).toBe(text);
    expect(marked(blocks).join("")).toBe(text.slice(40_000, 40_020));
  });

  test("a span outside the text marks nothing", () => {
    expect(marked(blocksOf(source("abc"), [{ start: 10, end: 20 }]))).toEqual([]);
  });

  test("marks several spans, each character once, and knows where the first one begins", () => {
    const pages = [
      { page: 1, start: 0, end: 6 },
      { page: 2, start: 6, end: 12 },
      { page: 3, start: 12, end: 14 },
    ];
    const text = source("😀bcdefghijklmn", pages);
    const spans = [{ start: 8, end: 10 }, { start: 1, end: 3 }, { start: 2, end: 4 }];
    const blocks = blocksOf(text, spans);
    expect(marked(blocks)).toEqual(["bc", "d", "ij"]);
    expect(whole(blocks)).toBe(text.text);
    expect(blocks.flatMap((block) => block.parts.filter((part) => part.first).map((part) => part.text))).toEqual(["ij"]);
    expect(pagesOf(text, spans)).toEqual([2, 1]);
    expect(pagesOf(text, [{ start: 5, end: 7 }])).toEqual([1, 2]);
  });
});
