import { expect, test } from "vitest";
import { linkTo, passageAt } from "./passage";

test("a place in a document has an address, and is found by it", () => {
  const passage = { documentId: "d", title: "Document", page: 3, span: { start: 120, end: 180 } };
  const link = linkTo("c", passage);
  expect(link).toBe("/documents/c/d#page=3&start=120&end=180");
  expect(passageAt("d", link.slice(link.indexOf("#")))).toEqual(passage);
  expect(linkTo("c", { ...passage, page: null, span: null })).toBe("/documents/c/d");
});

test.each(["", "#", "#page=0", "#page=-1&start=5", "#page=x", "#start=9&end=3", "#page=1e9"])(
  "an address with %o opens the document at its beginning",
  (hash) => {
    expect(passageAt("d", hash)).toEqual({ documentId: "d", title: "Document", page: null, span: null });
  },
);
