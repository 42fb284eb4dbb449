import { expect, test } from "vitest";
import { linkTo, passageAt, passageOf } from "./passage";

test("a place in a document has an address, and is found by it", () => {
  const passage = { documentId: "d", title: "Document", page: 3, spans: [{ start: 120, end: 180 }] };
  const link = linkTo("c", passage);
  expect(link).toBe("/documents/c/d#page=3&start=120&end=180");
  expect(passageAt("d", link.slice(link.indexOf("#")))).toEqual(passage);
  const several = { ...passage, spans: [...passage.spans, { start: 7, end: 9 }] };
  expect(passageAt("d", linkTo("c", several).split("d#")[1]!)).toEqual(several);
  expect(linkTo("c", { ...passage, page: null, spans: [] })).toBe("/documents/c/d");
});

test.each(["", "#", "#page=0", "#page=-1&start=5", "#page=x", "#start=9&end=3", "#page=1e9"])(
  "an address with %o opens the document at its beginning",
  (hash) => {
    expect(passageAt("d", hash)).toEqual({ documentId: "d", title: "Document", page: null, spans: [] });
  },
);

test("a citation leads to all its spans, the one that stands for it first", () => {
  const cited = { index: 1, document_id: "d", collection_id: "c", chunk_id: "k", title: "T", page: 2, start: 50, end: 60, text: "x" };
  expect(passageOf(cited).spans).toEqual([{ start: 50, end: 60 }]);
  const spans = [{ page: 2, start: 50, end: 60, text: "x" }, { page: 1, start: 3, end: 9, text: "y" }];
  expect(passageOf({ ...cited, spans }).spans).toEqual([{ start: 50, end: 60 }, { start: 3, end: 9 }]);
});
