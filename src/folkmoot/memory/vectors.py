"""Vectors of memories and of questions, never asked for while a unit of work is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import structlog

from folkmoot.db.vectors import literal
from folkmoot.kit.errors import AppError
from folkmoot.kit.subject import Subject
from folkmoot.llm.port import EmbeddingKind
from folkmoot.memory.ports import Embedders

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Vector:
    """A text as an embedder sees it; `embedder` names that and the length of its vectors."""

    embedder: str
    text: str


async def embed(
    embedders: Embedders, subject: Subject, texts: Sequence[str], *, kind: EmbeddingKind
) -> Sequence[Vector | None]:
    """Return the vectors of texts; none of those that have none, or if the embedder fails.

    What has none is found by its words, and gets one from the job that looks after that.
    """
    try:
        return await embedded(embedders, subject, texts, kind=kind)
    except AppError as error:
        log.info("memory.not_embedded", code=error.code, texts=len(texts))
        return [None] * len(texts)


async def embedded(
    embedders: Embedders, subject: Subject, texts: Sequence[str], *, kind: EmbeddingKind
) -> Sequence[Vector | None]:
    """Do the same, and fail if the embedder fails: a text that has no vector is no failure.

    Raises:
        AppError: The embedder fails, or is not the subject's to use.
    """
    if not texts:
        return ()
    embedder = await embedders.embedder(subject)
    found: list[Vector | None] = []
    for row in await embedder.embed(texts, kind=kind):
        values: list[float] = row.tolist()
        usable = any(values) and all(map(isfinite, values))
        name = f"{embedder.name}/{len(values)}"
        found.append(Vector(name, literal(values)) if usable else None)
    return found
