"""Plain text: paragraphs between empty lines, nothing else."""

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.encoding import decode
from folkmoot.knowledge.parsing.libraries import Source
from folkmoot.knowledge.parsing.parsed import Manuscript, Parsed, ParseFailed, Report


def parse(source: Source, limits: Limits, report: Report) -> Parsed:
    """Read a text."""
    text = decode(source.read())
    report(1, 1)
    return from_text(text, limits)


def from_text(text: str, limits: Limits) -> Parsed:
    """Return a text that needs no parser as a document."""
    if len(text) > limits.text_characters:  # before anything is done to so much
        raise ParseFailed(f"The document has more than {limits.text_characters:,} characters.")
    manuscript = Manuscript(limits)
    manuscript.block(text)
    return manuscript.finish()
