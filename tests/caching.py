"""Having answers kept in tests."""

from dataclasses import replace
from typing import Any

from folkmoot.caches.keys import Asker, Key
from folkmoot.caches.store import Kept, Place, Vector
from folkmoot.db.work import Database
from folkmoot.identity.permissions import OWNER
from folkmoot.kit.ids import CollectionId, DocumentId, RunId, new_id
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.knowledge import collections
from folkmoot.knowledge.models import Document, Status
from folkmoot.knowledge.schemas import CollectionCreate
from folkmoot.settings.groups import Group
from folkmoot.settings.schemas import WRITES
from folkmoot.settings.service import Settings

NOWHERE = Place(0, b"")


async def remember(settings: Settings, subject: Subject, mode: str = "exact", **more: Any) -> None:
    """Have the answers of the subject's organisation given again."""
    values = {"response_cache": mode, **more}
    data = WRITES[Group.MODELS].model_validate({"values": values})
    owner, at = replace(subject, permissions=OWNER), (Scope.ORGANIZATION, None)
    await settings.replace(owner, Group.MODELS, at, data, lambda _current: None)


def kept(
    subject: Subject,
    key: Key,
    answer: str = "Yes.",
    *,
    place: Place = NOWHERE,
    vector: Vector | None = None,
) -> Kept:
    """Return an answer to be kept for ten minutes."""
    return Kept(
        asker=Asker(subject, "chat", 1, "openai:fake-chat"),
        run_id=RunId(new_id()),
        key=key,
        place=place,
        answer=answer,
        minutes=10,
        vector=vector,
    )


async def shelved(database: Database, subject: Subject) -> CollectionId:
    """Make a collection of the organisation's."""
    async with database.work(subject) as work:
        data = CollectionCreate(name="Fish", scope=Scope.ORGANIZATION)
        return (await collections.create(work, data)).id


async def document_of(database: Database, subject: Subject, collection: CollectionId) -> Document:
    """Put a document there, as if it had been read."""
    document = Document(
        org_id=subject.org_id,
        id=DocumentId(new_id()),
        collection_id=collection,
        title="Fish",
        status=Status.READY,
        kind="text",
        size=1,
        blob_key="none",
        digest=b"",
        indexed_revision=1,
        metadata_={},
        run_id=RunId(new_id()),
        created_by=subject.user_id,
    )
    async with database.work(subject) as work:
        work.session.add(document)
    return document
