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
