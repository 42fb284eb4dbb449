/** Markdown of models as HTML: raw HTML is shown as text, images never load, links keep to the web. */

import { Marked, type Renderer, type Token, type Tokens } from "marked";
import { escapeHtml } from "./escape";

/** Colours code; absent until the highlighter has been loaded. Answers HTML or null if it cannot. */
export type Highlighter = (code: string, language: string) => string | null;

export interface MarkdownOptions {
  /** Titles of the citations that may be linked, by index. */
  citations: ReadonlyMap<number, string>;
  highlight?: Highlighter | undefined;
}

interface CitationToken extends Tokens.Generic {
  type: "citation";
  indexes: number[];
}

/** `[2]` or `[1, 3]`, unless it is the text of a link. */
const CITATION = /^\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\](?!\(|\[(?!\d))/;
/** A line that starts so is a sentence about source 1, not a hidden link definition. */
const NUMBERED_DEFINITION = /^ {0,3}\[\d{1,3}\]:/;
const SAFE_LINK = /^(?:https?:\/\/|mailto:)/i;
/** Headings of an answer start below the page's h1 and the message's h2. */
const HEADING_OFFSET = 2;

/**
 * Renders an answer block by block.
 *
 * Each block is a paragraph, list, table, code block and so on, so that while an answer grows only
 * its last block changes. The HTML must still pass the sanitizer before it reaches the page.
 */
export class Markdown {
  readonly #marked: Marked;

  constructor(options: MarkdownOptions) {
    this.#marked = new Marked({ gfm: true, breaks: false, async: false });
    this.#marked.use({
      renderer: renderer(options),
      tokenizer: { def: (source) => (NUMBERED_DEFINITION.test(source) ? undefined : false) },
      extensions: [citationExtension(options.citations)],
    });
  }

  blocks(source: string): string[] {
    const tokens = this.#marked.lexer(source);
    evenHeadings(tokens);
    return tokens
      .filter((token) => token.type !== "space" && token.type !== "def")
      .map((token) => tied(this.#marked.parser([token])));
  }
}

/** Models jump between heading levels; a document outline must not. */
function evenHeadings(tokens: Token[]): void {
  let previous = HEADING_OFFSET;
  for (const token of tokens) {
    if (token.type !== "heading") continue;
    const heading = token as Tokens.Heading;
    heading.depth = Math.min(heading.depth + HEADING_OFFSET, previous + 1, 6);
    previous = heading.depth;
  }
}

function citationExtension(citations: ReadonlyMap<number, string>) {
  return {
    name: "citation",
    level: "inline" as const,
    start: (source: string) => source.match(/\[\d/)?.index,
    tokenizer(source: string): CitationToken | undefined {
      const match = CITATION.exec(source);
      const indexes = (match?.[1] ?? "").split(/[,;]/).map(Number);
      if (!match || !indexes.every((index) => citations.has(index))) return undefined;
      return { type: "citation", raw: match[0], indexes };
    },
    renderer: (token: Tokens.Generic) =>
      (token as CitationToken).indexes
        .map((index) => citationButton(index, citations.get(index) ?? ""))
        .join(""),
  };
}

function citationButton(index: number, title: string): string {
  const label = escapeHtml(`Source ${index}: ${title}`);
  return `<button type="button" class="cite" data-cite="${index}" aria-label="${label}">${index}</button>`;
}

/** The last word of a statement, its marks and what ends the sentence. */
const CITED = /([^\s<>]+) ((?:<button type="button" class="cite"[^>]*>\d+<\/button>){1,4}[.,;:!?)]*)/g;

/** Keeps marks on the line of the word before them. */
function tied(html: string): string {
  return html.replaceAll(CITED, '<span class="tied">$1 $2</span>');
}

type Overrides = Partial<Omit<Renderer<string, string>, "constructor" | "options">>;

function renderer(options: MarkdownOptions): Overrides & ThisType<Renderer<string, string>> {
  return {
    html: (token) => {
      const shown = escapeHtml(token.text);
      return "block" in token && token.block ? `<p>${shown}</p>` : shown;
    },
    image: ({ text }) => `<span class="no-image">[image: ${escapeHtml(text || "untitled")}]</span>`,
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    link({ href, tokens }) {
      const inner = this.parser.parseInline(tokens);
      return SAFE_LINK.test(href) ? `<a href="${escapeHtml(href)}">${inner}</a>` : inner;
    },
    code: ({ text, lang }) => codeBlock(text, lang ?? "", options.highlight),
    table(token) {
      const head = row(this.parser, token.header);
      const body = token.rows.map((cells) => row(this.parser, cells)).join("");
      const table = `<table><thead>${head}</thead><tbody>${body}</tbody></table>`;
      return `<div class="table-scroll" role="group" tabindex="0" aria-label="Table">${table}</div>`;
    },
  };
}

function row(parser: Renderer<string, string>["parser"], cells: Tokens.TableCell[]): string {
  const columns = cells.map((cell) => {
    const tag = cell.header ? "th" : "td";
    const align = cell.align ? ` align="${cell.align}"` : "";
    return `<${tag}${align}>${parser.parseInline(cell.tokens)}</${tag}>`;
  });
  return `<tr>${columns.join("")}</tr>`;
}

function codeBlock(code: string, info: string, highlight: Highlighter | undefined): string {
  const language = /^[\w+#.-]*/.exec(info)?.[0].toLowerCase() ?? "";
  const inner = highlight?.(code, language) ?? escapeHtml(code);
  const copy = `<button type="button" class="code-copy" data-copy>Copy</button>`;
  const bar = `<div class="code-bar"><span>${escapeHtml(language || "text")}</span>${copy}</div>`;
  return `<div class="code">${bar}<pre tabindex="0"><code>${inner}</code></pre></div>`;
}
