"""What this room keeps of a person: the collections that are theirs alone, with their files."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVarTuple

from sqlalchemy import Select, select

from folkmoot.blobs.errors import BlobNotFound
from folkmoot.blobs.store import BlobStore
from folkmoot.db import extract
from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId
from folkmoot.kit.personal import File, Person
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.ingesting.jobs import KnowledgeJobs
from folkmoot.knowledge.models import Collection, Document

Shown = TypeVarTuple("Shown")

PAGE: Final = 100
LONGEST_NAME: Final = 120

COLLECTIONS: Final = select(
    Collection.id,
    Collection.name,
    Collection.description,
    Collection.created_at,
    Collection.updated_at,
    Collection.deleted_at,
)
DOCUMENTS: Final = select(
    Document.id,
    Document.collection_id,
    Document.external_id,
    Document.title,
    Document.filename,
    Document.status,
    Document.kind,
    Document.size,
    Document.source_url,
    Document.language,
    Document.metadata_.label("metadata"),
    Document.created_at,
    Document.updated_at,
    Document.deleted_at,
)


@dataclass(frozen=True, slots=True)
class OwnCollections:
    """Collections that belong to one person. What they gave to others' is the others'."""

    database: Database
    blobs: BlobStore
    jobs: KnowledgeJobs
    tables: frozenset[str] = frozenset(
        {
            *("collections", "documents", "document_texts", "chunks", "chunk_vectors"),
            *("postings", "collection_languages", "document_languages", "unembedded_documents"),
            *("collection_grants", "restricted_documents", "document_readers"),
        }
    )

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield the person's collections and documents, and the files as they were sent."""
        for org_id in person.places:
            subject = Subject(org_id, person.user_id)
            open_work = partial(self.database.work, subject)
            mine = COLLECTIONS.where(
                Collection.org_id == org_id, Collection.user_id == person.user_id
            )
            into = f"organizations/{org_id}"
            yield File(f"{into}/collections.jsonl", extract.lines(open_work, mine, [Collection.id]))
            yield File(
                f"{into}/documents.jsonl",
                extract.lines(open_work, _in_own(DOCUMENTS, subject), [Document.id]),
            )
            async for file in self._files(subject):
                yield file

    async def erase(self, person: Person) -> None:
        """Hide them at once, and have what is in them purged by the jobs that do so anyway."""
        for org_id in person.places:
            subject = Subject(org_id, person.user_id)
            mine = (
                select(Collection)
                .where(Collection.org_id == org_id, Collection.user_id == person.user_id)
                .with_for_update()
            )
            async with self.database.work(subject) as work:
                for collection in (await work.session.scalars(mine)).all():
                    collection.deleted_at = collection.deleted_at or clock.now()
                    await self.jobs.forget(work, collection)

    async def _files(self, subject: Subject) -> AsyncGenerator[File]:
        statement = _in_own(select(Document.id, Document.filename, Document.blob_key), subject)
        page, after = statement.order_by(Document.id).limit(PAGE), None
        while True:
            following = page if after is None else page.where(Document.id > after)
            async with self.database.work(subject) as work:
                found = (await work.session.execute(following)).all()
            for after, filename, key in found:
                if key is None:  # still to be fetched
                    continue
                name = f"{_place(subject.org_id)}/documents/{after}/{plain(filename)}"
                yield File(name, self._contents(key), packed=True)
            if len(found) < PAGE:
                return

    async def _contents(self, key: str) -> AsyncGenerator[bytes]:
        with suppress(BlobNotFound):  # deleted a moment ago
            async for part in self.blobs.get(key):
                yield part


def plain(filename: str | None) -> str:
    """Return a file's name so that it names a file in every archive, and no other place."""
    kept = "".join(
        "_" if each in '/\\:*?"<>|' or not each.isprintable() else each for each in filename or ""
    )
    return kept.strip(". ")[-LONGEST_NAME:] or "document"


def _in_own(statement: Select[*Shown], subject: Subject) -> Select[*Shown]:
    return statement.join(
        Collection,
        (Collection.org_id == Document.org_id) & (Collection.id == Document.collection_id),
    ).where(Collection.org_id == subject.org_id, Collection.user_id == subject.user_id)


def _place(org_id: OrgId) -> str:
    return f"organizations/{org_id}"
