/** A page of a PDF: its picture, and where the passages stand that somebody was led to. */

import { withQuery } from "../api/client";
import { asProblem, type Problem } from "../api/problem";
import type { Places } from "../api/types";
import { api } from "../state/session.svelte";
import type { Span } from "../text/passages";

/** Pixels. Few sizes, so that a browser has most of them already. */
const WIDTHS = [600, 1000, 1400, 2000];
/** Of a sheet that nobody has seen yet: A4. */
const USUAL = 595 / 842;

export class PageImage {
  source = $state<string | null>(null);
  places = $state.raw<Places | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** Width by height. */
  readonly ratio = $derived(this.places ? this.places.width / this.places.height : USUAL);

  #left = new AbortController();

  /** Shows a page; what was shown stays until it is there. */
  async load(documentId: string, page: number, spans: Span[], width: number): Promise<void> {
    this.#left.abort();
    const { signal } = (this.#left = new AbortController());
    const path = `/api/v1/documents/${documentId}/pages/${page}`;
    const between = { start: spans.map((each) => `${each.start}`), end: spans.map((each) => `${each.end}`) };
    const pixels = WIDTHS.find((each) => each >= width) ?? WIDTHS.at(-1)!;
    try {
      const [image, places] = await Promise.all([
        api.send(withQuery(`${path}/image`, { width: pixels }), { signal }).then((answer) => answer.blob()),
        // A page is worth looking at without them.
        api.get<Places>(withQuery(`${path}/places`, between), signal).catch(() => null),
      ]);
      if (signal.aborted) return;
      this.#show(URL.createObjectURL(image));
      this.places = places;
      this.problem = null;
    } catch (error) {
      if (signal.aborted) return;
      this.#show(null);
      this.places = null;
      this.problem = asProblem(error);
    }
  }

  close(): void {
    this.#left.abort();
    this.#show(null);
  }

  #show(source: string | null): void {
    if (this.source) URL.revokeObjectURL(this.source);
    this.source = source;
  }
}
