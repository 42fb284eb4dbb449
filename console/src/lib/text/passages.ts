/** A document's text cut into blocks for display, with the cited spans set apart. */

import type { DocumentText } from "../api/types";
import { toUtf16 } from "./codepoints";

export interface Part {
  text: string;
  marked: boolean;
  /** Whether the first of the spans begins here. */
  first?: boolean;
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

interface Mark {
  from: number;
  to: number;
}

interface Range extends Mark {
  page: number | null;
}

/** UTF-16 units; a browser lays out many small blocks far faster than one of a megabyte. */
const BLOCK_SIZE = 4000;

export function blocksOf(document: DocumentText, spans: Span[]): Block[] {
  const { text } = document;
  const { marks, first } = marksOf(text, spans);
  return rangesOf(document)
    .flatMap((range) => split(text, range))
    .map((range) => ({ page: range.page, parts: partsOf(text, range, marks, first) }));
}

/** The pages that spans touch, in the order of the spans. */
export function pagesOf({ pages }: DocumentText, spans: Span[]): number[] {
  const touched = spans.flatMap(({ start, end }) => pages.filter((page) => page.start < end && start < page.end));
  return [...new Set(touched.map((each) => each.page))];
}

/** The spans in UTF-16 units, in the order of the text and without what they share. */
function marksOf(text: string, spans: Span[]): { marks: Mark[]; first: number } {
  const places = [...new Set(spans.flatMap(({ start, end }) => [start, end]))].toSorted((a, b) => a - b);
  const units = toUtf16(text, places);
  const at = new Map(places.map((place, index) => [place, units[index]!]));
  const marks: Mark[] = [];
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    const mark = { from: Math.max(at.get(start)!, marks.at(-1)?.to ?? 0), to: at.get(end)! };
    if (mark.from < mark.to) marks.push(mark);
  }
  return { marks, first: spans[0] ? at.get(spans[0].start)! : 0 };
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

function partsOf(text: string, range: Range, marks: Mark[], first: number): Part[] {
  const parts: Part[] = [];
  let reached = range.from;
  for (const mark of marks) {
    const [start, end] = [clamp(mark.from, range), clamp(mark.to, range)];
    if (start === end) continue;
    parts.push({ text: text.slice(reached, start), marked: false });
    parts.push({ text: text.slice(start, end), marked: true, first: start <= first && first < end });
    reached = end;
  }
  parts.push({ text: text.slice(reached, range.to), marked: false });
  return parts.filter((part) => part.text !== "");
}

function clamp(value: number, { from, to }: Range): number {
  return Math.min(Math.max(value, from), to);
}
