"""The page of a document that somebody may look at."""

from collections.abc import Sequence
from dataclasses import dataclass

from folkmoot.db.work import Work
from folkmoot.kit.ids import DocumentId
from folkmoot.knowledge import documents
from folkmoot.knowledge.errors import DocumentNotReady
from folkmoot.knowledge.parsing.parsed import Recognition
from folkmoot.knowledge.sniff import Kind
from folkmoot.knowledge.viewing.asked import Places, Span
from folkmoot.knowledge.viewing.errors import DocumentWithoutPages, PageNotFound


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a document's file is, and which of its files it is."""

    key: str
    tag: str


async def stored(work: Work, document_id: DocumentId, number: int) -> Stored:
    """Return the file that has a page, if its text is of that very file.

    Raises:
        DocumentNotFound: The subject cannot see it.
        DocumentNotReady: It has not been read, or is read anew.
        DocumentWithoutPages: It is no PDF.
        PageNotFound: It has no such page.
    """
    document = await documents.get(work, document_id)
    if document.indexed_revision is None or document.indexed_revision != document.revision:
        raise DocumentNotReady
    if document.kind != Kind.PDF or document.blob_key is None:
        raise DocumentWithoutPages
    if number > (document.pages or 0):
        raise PageNotFound
    return Stored(document.blob_key, f"{document.id}.{document.revision}")


async def passages(
    work: Work, document_id: DocumentId, number: int, spans: Sequence[Span]
) -> Places:
    """Return what is looked for on a page: the parts of a document's passages that stand there.

    Raises:
        PageNotFound: It has no such page.
    """
    _, text = await documents.text(work, document_id)
    for page, first, last in text.pages:
        if page == number:
            own = text.text[first:last]
            there = [_within(each, first, len(own)) for each in spans]
            lines = [Recognition(*each) for each in text.recognized or () if each[0] == number]
            return Places(page=number, text=own, spans=list(filter(None, there)), lines=lines)
    raise PageNotFound


def _within(span: Span, first: int, length: int) -> Span | None:
    """Return a document's span as one of a page; None if it does not reach there."""
    start, end = (min(max(place - first, 0), length) for place in span)
    return (start, end) if start < end else None
