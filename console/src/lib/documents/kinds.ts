/* Made by tools/kinds_reference.py from knowledge/parsing/kinds.py; a test compares. */

/** How files are called that are read; the server looks at what is in them. */
export const ENDINGS: readonly string[] = [
  ".pdf",
  ".docx",
  ".pptx",
  ".xlsx",
  ".md",
  ".markdown",
  ".html",
  ".htm",
  ".txt",
  ".text",
  ".log",
  ".csv",
  ".tsv",
  ".json",
  ".jsonl",
  ".ndjson",
  ".eml",
];

/** What they are called, for people. */
export const KINDS = "PDF, Word, PowerPoint, Excel, Markdown, HTML, plain text, CSV, JSON and e-mail";
