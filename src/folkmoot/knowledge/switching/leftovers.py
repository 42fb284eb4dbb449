"""Documents that a generation has no vectors of, and vectors that are of no generation any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString
from uuid import UUID

from sqlalchemy import Uuid, bindparam, delete, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert

from folkmoot.db.work import Work
from folkmoot.kit import clock
from folkmoot.kit.ids import DocumentId, OrgId, TeamId, UserId
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.models import Document, UnembeddedDocument

AT_ONCE: Final = 100
"""Documents that are looked up at a time."""
MOST_DELETED: Final = 2_000
"""Chunks whose vectors are deleted in one transaction, if they are of several documents."""

# With each document comes somebody who sees it, with whose key it may be embedded. The first
# vector of a document is stored last and stands for all. What a model has refused is left alone
# for a day.
_UNSEEN: Final[LiteralString] = """
FROM documents AS d
JOIN collections AS c ON c.org_id = d.org_id AND c.id = d.collection_id
WHERE d.org_id = :org_id AND d.chunks > 0 AND c.deleted_at IS NULL
  AND NOT EXISTS (
    SELECT FROM chunk_vectors AS v
    WHERE v.org_id = d.org_id AND v.document_id = d.id AND v.ordinal = 0 AND v.model = :model
  ) AND NOT EXISTS (
    SELECT FROM unembedded_documents AS u
    WHERE u.org_id = d.org_id AND u.document_id = d.id AND u.model = :model
      AND u.at > now() - interval '1 day'
  )
"""
STALE: Final = text(f"""
SELECT d.id, c.team_id, coalesce(c.user_id, c.created_by) {_UNSEEN}
  AND (CAST(:beyond AS uuid) IS NULL OR d.id > :beyond)
ORDER BY d.id LIMIT :most
""").bindparams(bindparam("beyond", type_=Uuid))
ANY_STALE: Final = text(f"SELECT EXISTS (SELECT {_UNSEEN})")
COUNTED: Final = text("""
SELECT count(*),
       count(*) FILTER (WHERE EXISTS (
         SELECT FROM chunk_vectors AS v
         WHERE v.org_id = d.org_id AND v.document_id = d.id AND v.ordinal = 0 AND v.model = :model
       )),
       count(u.document_id)
FROM documents AS d
LEFT JOIN unembedded_documents AS u
  ON u.org_id = d.org_id AND u.document_id = d.id AND u.model = :model
WHERE d.org_id = :org_id AND d.chunks > 0
""")
# From the last chunk to the first.
LACKING: Final = text("""
SELECT c.ordinal, c.header, c.text FROM chunks AS c
WHERE c.org_id = :org_id AND c.document_id = :document_id AND NOT EXISTS (
  SELECT FROM chunk_vectors AS v
  WHERE v.org_id = c.org_id AND v.document_id = c.document_id AND v.ordinal = c.ordinal
    AND v.model = :model
)
ORDER BY c.ordinal DESC LIMIT :most
""")
NEXT: Final = text("""
SELECT id, coalesce(chunks, 0) FROM documents
WHERE org_id = :org_id AND (CAST(:beyond AS uuid) IS NULL OR id > :beyond)
ORDER BY id LIMIT :most
""").bindparams(bindparam("beyond", type_=Uuid))
SWEEP: Final = text("""
DELETE FROM chunk_vectors
WHERE org_id = :org_id AND document_id = ANY(:documents) AND model <> ALL(:kept)
""").bindparams(bindparam("documents", type_=ARRAY(Uuid)))


@dataclass(frozen=True, slots=True)
class Stale:
    """A document without vectors of a generation, and somebody for whom it may be embedded."""

    subject: Subject
    document_id: DocumentId


@dataclass(frozen=True, slots=True)
class Counted:
    """How many documents there are, how many have vectors, and how many a model refuses."""

    documents: int
    embedded: int
    refused: int


async def stale(work: Work, model: str, beyond: DocumentId | None) -> Sequence[Stale]:
    """Return documents that still are to be embedded, in the order of their ids."""
    values = {**_key(work, model), "beyond": beyond, "most": AT_ONCE}
    rows = await work.session.execute(STALE, values)
    return [_stale(work.subject.org_id, *row) for row in rows]


async def any_stale(work: Work, model: str) -> bool:
    """Whether there is such a document."""
    return bool(await work.session.scalar(ANY_STALE, _key(work, model)))


async def counted(work: Work, model: str) -> Counted:
    """Count the documents that the subject sees."""
    row = (await work.session.execute(COUNTED, _key(work, model))).one()
    return Counted(row[0], row[1], row[2])


async def refused(work: Work, model: str) -> int:
    """Count those of them that a model cannot embed."""
    mine = UnembeddedDocument.org_id == work.subject.org_id, UnembeddedDocument.model == model
    statement = select(func.count()).select_from(UnembeddedDocument).where(*mine)
    return (await work.session.execute(statement)).scalar_one()


async def lacking(
    work: Work, document_id: DocumentId, model: str, most: int
) -> Sequence[tuple[int, str, str]]:
    """Return numbers, headers and texts of chunks without vectors, the last ones first."""
    values = {**_key(work, model), "document_id": document_id, "most": most}
    rows = await work.session.execute(LACKING, values)
    return [(row[0], row[1], row[2]) for row in rows]


async def refuse(work: Work, document_id: DocumentId, model: str, reason: str) -> bool:
    """Note that a model cannot embed a document; it is found by its words. False if it is gone."""
    here = Document.org_id == work.subject.org_id, Document.id == document_id
    held = select(Document.id).where(*here).with_for_update(read=True, key_share=True)
    if await work.session.scalar(held) is None:
        return False
    values: dict[str, Any] = {"reason": reason, "at": clock.now()}
    mine = {"org_id": work.subject.org_id, "document_id": document_id, "model": model}
    noted = insert(UnembeddedDocument).values(**mine, **values)
    await work.session.execute(noted.on_conflict_do_update(index_elements=list(mine), set_=values))
    return True


async def accept(work: Work, document_id: DocumentId, model: str) -> None:
    """Forget that a model could not embed a document."""
    await work.session.execute(
        delete(UnembeddedDocument).where(
            UnembeddedDocument.org_id == work.subject.org_id,
            UnembeddedDocument.document_id == document_id,
            UnembeddedDocument.model == model,
        )
    )


async def sweep(work: Work, kept: Sequence[str], beyond: DocumentId | None) -> DocumentId | None:
    """Delete the vectors of other generations of some documents; return the last one of them."""
    values = {"org_id": work.subject.org_id, "beyond": beyond, "most": AT_ONCE}
    found: list[UUID] = []
    chunks = 0
    for document_id, held in await work.session.execute(NEXT, values):
        chunks += held
        if found and chunks > MOST_DELETED:
            break
        found.append(document_id)
    if not found:
        return None
    deleted = {"org_id": work.subject.org_id, "documents": found, "kept": list(kept)}
    await work.session.execute(SWEEP, deleted)
    return DocumentId(found[-1])


async def forget_others(work: Work, kept: Sequence[str]) -> None:
    """Forget what models could not embed that are in use no more."""
    await work.session.execute(
        delete(UnembeddedDocument).where(
            UnembeddedDocument.org_id == work.subject.org_id,
            UnembeddedDocument.model.not_in(kept),
        )
    )


def _key(work: Work, model: str) -> dict[str, Any]:
    return {"org_id": work.subject.org_id, "model": model}


def _stale(org_id: OrgId, document_id: UUID, team_id: UUID | None, user_id: UUID) -> Stale:
    teams = () if team_id is None else (TeamId(team_id),)
    return Stale(Subject(org_id, UserId(user_id), team_ids=teams), DocumentId(document_id))
