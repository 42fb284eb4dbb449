/** The second wall behind the Markdown renderer: nothing passes that is not on these lists. */

import DOMPurify from "dompurify";

const TAGS = [
  "a", "blockquote", "br", "button", "code", "del", "div", "em", "h3", "h4", "h5", "h6", "hr", "li",
  "ol", "p", "pre", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
];
/** Attributes whose values are no addresses, so that only `href` must look like a link. */
const PLAIN = ["align", "aria-label", "class", "data-cite", "data-copy", "role", "start", "tabindex", "type"];
/** Classes that the renderer and the highlighter use; none of the console's own can be borrowed. */
const CLASSES = /^(?:cite|code|code-bar|code-copy|no-image|table-scroll|tied|hljs-[\w-]+|language-[\w-]+|[a-z]+_{1,2})$/;

const purifier = DOMPurify(window);

purifier.addHook("uponSanitizeAttribute", (_node, data) => {
  if (data.attrName !== "class") return;
  data.attrValue = data.attrValue.split(/\s+/).filter((name) => CLASSES.test(name)).join(" ");
  data.keepAttr = data.attrValue !== "";
});

purifier.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName === "BUTTON") node.setAttribute("type", "button");
  if (node.tagName !== "A") return;
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer nofollow");
});

export function sanitize(html: string): string {
  return purifier.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: [...PLAIN, "href"],
    ADD_URI_SAFE_ATTR: PLAIN,
    ALLOWED_URI_REGEXP: /^(?:https?:\/\/|mailto:)/i,
    ALLOW_ARIA_ATTR: false,
    ALLOW_DATA_ATTR: false,
    ALLOW_UNKNOWN_PROTOCOLS: false,
  });
}
