import type { SearchHit } from "../api/types";
import type { Citation } from "../stream/events";

/** A place in a document that the side panel opens. */
export interface Passage {
  documentId: string;
  title: string;
  page: number | null;
  /** Unicode code points; null opens the document at its beginning. */
  span: { start: number; end: number } | null;
}

export function passageOf(source: Citation | SearchHit): Passage {
  const { document_id: documentId, title, page, start, end } = source;
  return { documentId, title, page, span: { start, end } };
}

/** The address of a place, such as `/documents/…/…#page=3&start=120&end=180`. */
export function linkTo(collection: string, { documentId, page, span }: Passage): string {
  const place = new URLSearchParams();
  if (page !== null) place.set("page", String(page));
  if (span) {
    place.set("start", String(span.start));
    place.set("end", String(span.end));
  }
  return `/documents/${collection}/${documentId}${place.size > 0 ? `#${place}` : ""}`;
}

/** The place that an address names by what stands behind its `#`. */
export function passageAt(documentId: string, hash: string): Passage {
  const place = new URLSearchParams(hash.replace(/^#/, ""));
  const [page, start, end] = ["page", "start", "end"].map((name) => numberIn(place.get(name)));
  const span = start != null && end != null && start < end ? { start, end } : null;
  return { documentId, title: "Document", page: page || null, span };
}

function numberIn(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;
}
