/** The code highlighter, fetched when the first code block appears. */

import { sanitize } from "./sanitize";
import { Markdown, type Highlighter, type MarkdownOptions } from "./markdown";

class LazyHighlighter {
  current = $state.raw<Highlighter | undefined>(undefined);

  #asked = false;

  want(): void {
    if (this.#asked) return;
    this.#asked = true;
    import("./highlighter").then(
      (module) => (this.current = module.highlight),
      // Without colours code is as readable; the next block asks again.
      () => (this.#asked = false),
    );
  }
}

export const highlighter = new LazyHighlighter();

/** Renders and sanitizes blocks, keeping those that have not changed. */
export class SafeMarkdown {
  readonly #markdown: Markdown;
  #known = new Map<string, string>();

  constructor(options: MarkdownOptions) {
    this.#markdown = new Markdown(options);
  }

  blocks(source: string): string[] {
    const fresh = new Map<string, string>();
    const blocks = this.#markdown.blocks(source).map((html) => {
      const safe = this.#known.get(html) ?? sanitize(html);
      fresh.set(html, safe);
      return safe;
    });
    this.#known = fresh;
    return blocks;
  }
}
