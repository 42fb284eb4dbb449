"""How an organisation stands: by which model it is searched, and how far another one is."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from folkmoot.db.work import Database, Work
from folkmoot.kit.ids import DocumentId, RunId
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.indexing import generations
from folkmoot.knowledge.indexing.embedding import UNANSWERED, Embedders
from folkmoot.knowledge.indexing.generations import embedder_of
from folkmoot.knowledge.models import Document, EmbeddingState, UnembeddedDocument
from folkmoot.knowledge.switching import leftovers
from folkmoot.knowledge.switching.leftovers import Counted
from folkmoot.llm.notices import Notice

MOST_SHOWN = 20
"""Documents that are named which a model cannot embed."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that a model cannot embed."""

    document_id: DocumentId
    title: str
    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to tell; `silent` says why the model that is searched by cannot be asked."""

    model: str
    dimensions: int
    coming: str | None
    run_id: RunId | None
    begun_at: datetime | None
    switched_at: datetime | None
    counted: Counted
    refused: list[Refused]
    silent: str | None = None


async def told(work: Work) -> Told | None:
    """Return how the subject's organisation stands; None if it has no vectors yet."""
    mine = select(EmbeddingState).where(EmbeddingState.org_id == work.subject.org_id)
    row = await work.session.scalar(mine)
    if row is None:
        return None
    return Told(
        row.model,
        row.dimensions,
        row.coming,
        row.run_id,
        row.begun_at,
        row.switched_at,
        await leftovers.counted(work, generations.of(row).target),
        await _refused(work, generations.of(row).target),
    )


async def silent(embedders: Embedders, subject: Subject, model: str) -> str | None:
    """Return why a subject's searches cannot ask a model; None if they can. Asks no provider."""
    try:
        await embedders.embedder(subject, embedder_of(model))
    except UNANSWERED as error:
        return error.detail
    return None


async def notice(database: Database, embedders: Embedders, subject: Subject) -> list[Notice]:
    """Return what somebody should know who searches."""
    async with database.work(subject) as work:
        standing = await generations.standing(work)
        if standing is None:
            return []
        refused = await leftovers.refused(work, standing.target)
        counted = await leftovers.counted(work, standing.target) if standing.coming else None
    notices: list[Notice] = []
    reason = await silent(embedders, subject, standing.model)
    if counted is not None:
        notices.append(Notice("embedding_behind", _behind(standing.target, counted, reason)))
    elif reason is not None:
        told = f"Documents are found by their words only: {reason}"
        notices.append(Notice("embedding_silent", told))
    if refused:
        told = (
            f"Documents that {standing.target} cannot embed: {refused:,}. They are found by their"
            " words only."
        )
        notices.append(Notice("embedding_refused", told))
    return notices


def _behind(coming: str, counted: Counted, reason: str | None) -> str:
    done = f"{counted.embedded:,} of {counted.documents:,} documents are embedded by {coming}"
    if reason is None:
        return f"{done}. Until all are, searches compare by the model before."
    return f"{done}. Until all are, they are found by their words only: {reason}"


async def _refused(work: Work, model: str) -> list[Refused]:
    rows = await work.session.execute(
        select(Document.id, Document.title, UnembeddedDocument.model, UnembeddedDocument.reason)
        .join(
            UnembeddedDocument,
            (UnembeddedDocument.org_id == Document.org_id)
            & (UnembeddedDocument.document_id == Document.id),
        )
        .where(Document.org_id == work.subject.org_id, UnembeddedDocument.model == model)
        .order_by(Document.id)
        .limit(MOST_SHOWN)
    )
    return [Refused(*row) for row in rows]
