import hljs from "highlight.js/lib/common";

/** Longer code is shown plain: colouring it would hold up the page. */
const LONGEST = 50_000;

export function highlight(code: string, language: string): string | null {
  if (code.length > LONGEST || !hljs.getLanguage(language)) return null;
  return hljs.highlight(code, { language, ignoreIllegals: true }).value;
}
