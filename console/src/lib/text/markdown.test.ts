import { describe, expect, test } from "vitest";
import { Markdown } from "./markdown";

function html(source: string, titles: [number, string][] = []): string {
  return new Markdown({ citations: new Map(titles) }).blocks(source).join("");
}

describe("what a model writes", () => {
  test.each([
    ["<script>alert(1)</script>"],
    ["<img src=x onerror=alert(1)>"],
    ["a <b onclick=alert(1)>b</b>"],
    ["<style>body{display:none}</style>"],
    ["<svg onload=alert(1)>"],
  ])("%s is shown as text", (source) => {
    const tags = html(source).match(/<\/?[a-z]+/gi) ?? [];
    expect(new Set(tags)).toEqual(tags.length ? new Set(["<p", "</p"]) : new Set());
  });

  test.each([
    ["[x](javascript:alert(1))"],
    ["[x](JaVaScRiPt:alert(1))"],
    ["[x](data:text/html,<script>1</script>)"],
    ["[x](vbscript:x)"],
    ["[x](/api/v1/auth/logout)"],
    ["[x](//evil.example/a)"],
    ["<javascript:alert(1)>"],
  ])("%s is no link", (source) => {
    expect(html(source)).not.toContain("href");
  });

  test("links to the web and to mail stay", () => {
    expect(html("[a](https://example.org/?q=1&r=2)")).toContain('href="https://example.org/?q=1&amp;r=2"');
    expect(html("[a](mailto:a@example.org)")).toContain('href="mailto:a@example.org"');
  });

  test("an attribute cannot be broken out of", () => {
    expect(html('[a](https://x.example/"onmouseover="alert(1))')).not.toMatch(/"\s*onmouseover=/);
    expect(html("[1]", [[1, '"><img src=x>']])).not.toContain("<img");
  });

  test("images never load", () => {
    expect(html("![beacon](https://evil.example/p.png?secret)")).toBe(
      '<p><span class="no-image">[image: beacon]</span></p>\n',
    );
    expect(html("![a][b]\n\n[b]: https://evil.example/p.png")).not.toContain("evil");
  });

  test("code is escaped and names its language", () => {
    const block = html("```ts\nif (a < b) {}\n```");
    expect(block).toContain("if (a &lt; b) {}");
    expect(block).toContain("<span>ts</span>");
    expect(html('```"><img src=x>\nx\n```')).not.toContain("<img");
  });
});

describe("citations", () => {
  const titles: [number, string][] = [
    [1, "Annals"],
    [2, "Charter"],
  ];

  test("[1] becomes a button that names its source", () => {
    expect(html("So it is [1].", titles)).toContain('data-cite="1" aria-label="Source 1: Annals">1</button>.');
  });

  test("marks stay with the word before them and the sign behind them", () => {
    const shown = html("So it is [1][2]. And **so** [1], too", titles).replaceAll(/<button[^>]*>(\d)<\/button>/g, "[$1]");
    expect(shown).toBe(
      '<p>So it <span class="tied">is [1][2].</span> And <strong>so</strong> [1], too</p>\n',
    );
  });

  test("groups and neighbours each become one", () => {
    expect(html("a [1, 2] b [1][2] c [2;1]", titles).match(/<button/g)).toHaveLength(6);
  });

  test("a number that cites nothing stays text", () => {
    expect(html("see [3]", titles)).toBe("<p>see [3]</p>\n");
    expect(html("see [1]")).toBe("<p>see [1]</p>\n");
  });

  test("code and links are left alone", () => {
    expect(html("`a[1]` [1](https://example.org)", titles)).not.toContain("<button");
  });

  test("a line that begins with its source is not swallowed as a definition", () => {
    expect(html("[1]: Rome", titles)).toContain("Rome");
  });
});

describe("structure", () => {
  test("only the last block changes while text grows", () => {
    const markdown = new Markdown({ citations: new Map() });
    const before = markdown.blocks("# A\n\nOne\n\nTwo");
    const after = markdown.blocks("# A\n\nOne\n\nTwo and more");
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    expect(after).toHaveLength(3);
  });

  test("headings start at three and never skip a level", () => {
    const levels = html("#### A\n\n# B\n\n###### C").match(/<h\d/g);
    expect(levels).toEqual(["<h3", "<h3", "<h4"]);
  });

  test("tables scroll on their own", () => {
    expect(html("|a|b|\n|-|-|\n|1|2|")).toContain('<div class="table-scroll"');
  });
});
