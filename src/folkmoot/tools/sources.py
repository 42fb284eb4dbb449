"""The passages that a model is shown in a turn, and the numbers by which its answer cites them.

Numbers run through the whole turn, whoever shows the passages: the search before an answer, or a
tool. What was shown stands in the run's log, so that an answer can be checked against it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from folkmoot.kit.ids import ChunkId, CollectionId, DocumentId

SOURCES: Final = "sources"
"""Event: passages that the model was shown, whether its answer cites them or not."""

Announce = Callable[[str, object], None]
Clean = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of a document. `start` and `end` are offsets in the document's text.

    `pages` are those of a piece that goes over several: number, first and last offset.
    """

    document_id: DocumentId
    collection_id: CollectionId
    chunk_id: ChunkId
    title: str
    page: int | None
    start: int
    end: int
    text: str
    pages: Sequence[tuple[int, int, int]] = ()

    def page_at(self, offset: int) -> int | None:
        """Return the page on which a part of it stands."""
        return next((page for page, _, end in self.pages if offset < end), self.page)


def _unheard(_name: str, _value: object) -> None:
    """Tell nobody."""


@dataclass(slots=True, eq=False)
class Sources:
    """What one turn has shown, cleaned of secrets; the first passage is number 1."""

    announce: Announce = _unheard
    clean: Clean = str
    passages: list[Passage] = field(default_factory=list[Passage])
    searched: bool = False

    def show(self, passages: Iterable[Passage]) -> list[int]:
        """Take passages up and return their numbers; one that is known keeps its number."""
        numbers = {passage.chunk_id: place for place, passage in enumerate(self.passages, 1)}
        shown: list[int] = []
        fresh: list[dict[str, Any]] = []
        for passage in passages:
            number = numbers.get(passage.chunk_id)
            if number is None:
                kept = replace(
                    passage, title=self.clean(passage.title), text=self.clean(passage.text)
                )
                self.passages.append(kept)
                number = numbers[passage.chunk_id] = len(self.passages)
                fresh.append(listed(number, kept))
            shown.append(number)
        self.searched = True
        self.announce(SOURCES, {"sources": fresh})
        return shown


def block(number: int, passage: Passage) -> str:
    """Return a passage as the model reads it, behind its number."""
    title = " ".join(passage.title.split())
    page = "" if passage.page is None else f", page {passage.page}"
    return f"[{number}] {title}{page}\n{passage.text.strip()}"


def listed(number: int, passage: Passage) -> dict[str, Any]:
    """Return a passage as JSON values: an entry of the log, and a citation."""
    told = {
        "index": number,
        "document_id": str(passage.document_id),
        "collection_id": str(passage.collection_id),
        "chunk_id": str(passage.chunk_id),
        "title": passage.title,
        "page": passage.page,
        "start": passage.start,
        "end": passage.end,
        "text": passage.text,
    }
    return told | {"pages": passage.pages} if passage.pages else told


def read(entries: Sequence[dict[str, Any]]) -> list[Passage]:
    """Return the passages of such entries."""
    return [
        Passage(
            document_id=DocumentId(UUID(entry["document_id"])),
            collection_id=CollectionId(UUID(entry["collection_id"])),
            chunk_id=ChunkId(UUID(entry["chunk_id"])),
            title=entry["title"],
            page=entry["page"],
            start=entry["start"],
            end=entry["end"],
            text=entry["text"],
            pages=tuple((page, start, end) for page, start, end in entry.get("pages", ())),
        )
        for entry in entries
    ]
