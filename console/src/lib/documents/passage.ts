import type { SearchHit } from "../api/types";
import type { Citation } from "../stream/events";
import type { Span } from "../text/passages";

/** As many as the server looks for on a page. */
const MOST = 100;

/** A place in a document that the side panel opens. */
export interface Passage {
  documentId: string;
  title: string;
  page: number | null;
  /** What is marked, the first one in view; none opens the document at its beginning. */
  spans: Span[];
}

export function passageOf(source: Citation | SearchHit): Passage {
  const { document_id: documentId, title, page, start, end } = source;
  const spans = "spans" in source && source.spans?.length ? source.spans : [{ start, end }];
  return { documentId, title, page, spans: spans.slice(0, MOST).map(({ start, end }) => ({ start, end })) };
}

/** The address of a place, such as `/documents/…/…#page=3&start=120&end=180`. */
export function linkTo(collection: string, { documentId, page, spans }: Passage): string {
  const place = new URLSearchParams();
  if (page !== null) place.set("page", String(page));
  for (const { start, end } of spans) {
    place.append("start", String(start));
    place.append("end", String(end));
  }
  return `/documents/${collection}/${documentId}${place.size > 0 ? `#${place}` : ""}`;
}

/** The place that an address names by what stands behind its `#`. */
export function passageAt(documentId: string, hash: string): Passage {
  const place = new URLSearchParams(hash.replace(/^#/, ""));
  const ends = place.getAll("end").map(numberIn);
  const spans = place
    .getAll("start")
    .slice(0, MOST)
    .map((start, index) => ({ start: numberIn(start), end: ends[index] ?? null }))
    .filter((each): each is Span => each.start !== null && each.end !== null && each.start < each.end);
  return { documentId, title: "Document", page: numberIn(place.get("page")) || null, spans };
}

function numberIn(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;
}
