"""Telling that a document is there already: the same bytes of the same kind, in one collection.

Only documents that nobody can change stand for another upload: those that have neither a name of
their sender's (`external_id`) nor an address they were fetched from.
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from folkmoot.db.work import Work
from folkmoot.kit.ids import CollectionId
from folkmoot.knowledge.models import PENDING, Document, Status
from folkmoot.runs import service as runs
from folkmoot.runs.states import ACTIVE

# In one order, so that two uploads of the same files wait for each other and never for good.
ALONE: Final = text(
    "SELECT pg_advisory_xact_lock(number) FROM ("
    " SELECT DISTINCT hashtextextended(place, 0) AS number FROM unnest(:places) AS place"
    " ORDER BY number OFFSET 0) AS places"
).bindparams(bindparam("places", type_=ARRAY(Text)))


async def take_turns(work: Work, collection_id: CollectionId, digests: Iterable[bytes]) -> None:
    """Let others who bring the same bytes to a collection wait until this work ends."""
    here = f"{work.subject.org_id}/{collection_id}"
    places = [f"{here}/{digest.hex()}" for digest in digests]
    await work.session.execute(ALONE, {"places": places})


async def find(
    work: Work, collection_id: CollectionId, kind: str, digest: bytes
) -> Document | None:
    """Return the document that has these bytes, held until this work ends; the oldest of them."""
    statement = (
        select(Document)
        .where(
            Document.org_id == work.subject.org_id,
            Document.collection_id == collection_id,
            Document.digest == digest,
            Document.kind == kind,
            Document.external_id.is_(None),
            Document.source_url.is_(None),
            Document.deleted_at.is_(None),
        )
        .order_by(Document.id)
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await work.session.scalars(statement)).first()


async def needs_no_reading(work: Work, document: Document) -> bool:
    """Tell whether a document's file is in the index, or on its way there."""
    if document.status == Status.READY:
        return document.indexed_revision == document.revision
    return document.status in PENDING and await is_alive(work, document)


async def is_alive(work: Work, document: Document) -> bool:
    """Tell whether the run that has read a document, or is to, goes on."""
    states = await runs.states(work, [document.run_id])
    return states.get(document.run_id) in ACTIVE
