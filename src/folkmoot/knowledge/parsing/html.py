"""HTML to Markdown: headings, paragraphs, lists, tables and code; nothing that runs or loads.

The tree is walked with a stack of our own, so that nesting costs memory and never the C stack.
"""

from collections.abc import Iterator
from typing import Any, Final

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.encoding import decode
from folkmoot.knowledge.parsing.libraries import Source, library
from folkmoot.knowledge.parsing.parsed import Parsed, ParseFailed, Report
from folkmoot.knowledge.parsing.writer import Writer

SILENT: Final = frozenset(
    {"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "head", "nav",
     "button", "select", "input", "textarea", "audio", "video", "canvas"}
)  # fmt: skip
REPORT_EVERY: Final = 2_000


def parse(source: Source, limits: Limits, report: Report) -> Parsed:
    """Read a web page."""
    return from_markup(decode(source.read()), limits, report)


def from_markup(markup: str, limits: Limits, report: Report) -> Parsed:
    """Turn HTML that is already text into a document."""
    etree = library("lxml.etree")
    parser = etree.HTMLParser(
        no_network=True, remove_comments=True, remove_pis=True, huge_tree=False, encoding="utf-8"
    )
    try:
        # Bytes, because a declared encoding in text is refused and would be wrong by now.
        root = etree.fromstring(markup.encode("utf-8", "replace"), parser)
    except etree.ParserError:
        root = None
    except etree.XMLSyntaxError as error:
        raise ParseFailed("The page is damaged and cannot be read.") from error
    report(0, 0)
    writer = Writer(limits)
    for count, (opens, element) in enumerate(_steps(root)):
        if count % REPORT_EVERY == 0:
            report(count, 0)
        if opens:
            writer.open(element.tag)
            writer.say(element.text)
        else:
            writer.close(element.tag)
            writer.say(element.tail)
    return writer.finish(root.findtext(".//title") if root is not None else None)


def _steps(root: Any) -> Iterator[tuple[bool, Any]]:  # noqa: ANN401 - lxml has no types
    """Yield every visible element when it opens and when it closes, in document order."""
    stack: list[tuple[bool, Any]] = [(True, root)] if root is not None else []
    while stack:
        opens, element = stack.pop()
        tag = element.tag
        if not opens:
            yield False, element
        elif isinstance(tag, str) and tag not in SILENT:
            yield True, element
            stack.append((False, element))
            stack.extend((True, child) for child in reversed(element))
        elif element.tail:
            yield False, element
