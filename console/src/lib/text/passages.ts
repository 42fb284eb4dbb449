/** A document's text cut into blocks for display, with the cited span set apart. */

import type { DocumentText } from "../api/types";
import { toUtf16 } from "./codepoints";

export interface Part {
  text: string;
  marked: boolean;
}

export interface Block {
  /** Page number, on the first block of a page. */
  page: number | null;
  parts: Part[];
}

/** Offsets in Unicode code points. */
export interface Span {
  start: number;
  end: number;
}

interface Range {
  page: number | null;
  from: number;
  to: number;
}

/** UTF-16 units; a browser lays out many small blocks far faster than one of a megabyte. */
const BLOCK_SIZE = 4000;

export function blocksOf(document: DocumentText, span: Span | null): Block[] {
  const { text } = document;
  const [from = 0, to = 0] = span ? toUtf16(text, [span.start, span.end]) : [];
  return rangesOf(document)
    .flatMap((range) => split(text, range))
    .map((range) => ({ page: range.page, parts: partsOf(text, range, from, to) }));
}

function rangesOf({ text, pages }: DocumentText): Range[] {
  if (pages.length === 0) return [{ page: null, from: 0, to: text.length }];
  const sorted = pages.toSorted((a, b) => a.start - b.start);
  const starts = toUtf16(text, sorted.map((page) => page.start));
  // Each page reaches to the next one's start, so that no text between two pages is lost.
  return sorted.map((page, index) => ({
    page: page.page,
    from: index === 0 ? 0 : starts[index]!,
    to: starts[index + 1] ?? text.length,
  }));
}

/** Cuts a long page at line ends. */
function split(text: string, { page, from, to }: Range): Range[] {
  const ranges: Range[] = [];
  let start = from;
  while (to - start > BLOCK_SIZE) {
    const line = text.indexOf("\n", start + BLOCK_SIZE);
    if (line < 0 || line >= to - 1) break;
    ranges.push({ page: start === from ? page : null, from: start, to: line + 1 });
    start = line + 1;
  }
  ranges.push({ page: start === from ? page : null, from: start, to });
  return ranges;
}

function partsOf(text: string, range: Range, from: number, to: number): Part[] {
  const start = clamp(from, range);
  const end = clamp(to, range);
  const parts = [
    { text: text.slice(range.from, start), marked: false },
    { text: text.slice(start, end), marked: true },
    { text: text.slice(end, range.to), marked: false },
  ];
  return parts.filter((part) => part.text !== "");
}

function clamp(value: number, { from, to }: Range): number {
  return Math.min(Math.max(value, from), to);
}
