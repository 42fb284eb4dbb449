"""Who may read a document, of those who read its collection.

Whoever may edit the collection and reads the document decides, and whoever manages the collection.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, select

from folkmoot.audit import trail
from folkmoot.db.keyset import Listing
from folkmoot.db.work import Work
from folkmoot.http.etags import Expected, anything
from folkmoot.kit.ids import CollectionId, DocumentId, GrantId, new_id
from folkmoot.kit.page import Asked, Page
from folkmoot.knowledge import access, acting, documents
from folkmoot.knowledge.errors import DocumentNotFound, LocksYouOut, NotYoursToShare
from folkmoot.knowledge.models import Collection, Document
from folkmoot.knowledge.permission_models import DocumentReader, RestrictedDocument
from folkmoot.knowledge.sharing import collections, grantees
from folkmoot.knowledge.sharing.schemas import (
    DocumentPermissions,
    DocumentPermissionsRead,
    Reader,
    ReaderRead,
    Whom,
)

TOLD: Final = {"readers"}
"""What the audit trail is told."""
LISTING: Final = Listing("restricted_documents", Document.id, {"created_at": Document.id})
_OF_DOCUMENT: Final = (RestrictedDocument.org_id == Document.org_id) & (
    RestrictedDocument.document_id == Document.id
)


async def get(work: Work, document_id: DocumentId) -> DocumentPermissionsRead:
    """Return who may read a document.

    Raises:
        DocumentNotFound: The subject may neither read it nor manage its collection.
    """
    row, _, may_change = await _find(work, document_id)
    return await _shown(work, row, may_change=may_change)


async def change(
    work: Work,
    document_id: DocumentId,
    data: DocumentPermissions,
    expected: Expected[DocumentPermissionsRead] = anything,
) -> DocumentPermissionsRead:
    """Say anew who may read a document.

    Raises:
        DocumentNotFound: The subject may neither read it nor manage its collection.
        NotYoursToShare: They may read it, and not edit the collection.
        MemberNotFound: Somebody who is named is no member.
        TeamNotFound: A team that is named is none that the subject sees.
        LocksYouOut: The subject could no longer read it.
        PreconditionFailed: It is not what was expected.
    """
    row, collection, may_change = await _find(work, document_id, hold=True)
    if not may_change:
        raise NotYoursToShare
    before = await _shown(work, row, may_change=True)
    expected(before)
    kept = await _readers(work, row.id)
    await grantees.demand_named(work, data.readers or (), kept)
    async with acting.for_the_deployment(work):
        await _restrict(work, row, collection, data.readers, kept)
    if not access.manages(work.subject, collection):
        await _demand_still_read(work, row)
    after = await _shown(work, row, may_change=True)
    await trail.record(
        work,
        "document.permissions_changed",
        target=("document", row.id),
        before=before.model_dump(mode="json", include=TOLD),
        after=after.model_dump(mode="json", include=TOLD),
    )
    return after


async def restricted(work: Work, document_ids: Sequence[DocumentId]) -> set[DocumentId]:
    """Return those of the documents that only some may read."""
    statement = select(RestrictedDocument.document_id).where(
        RestrictedDocument.org_id == work.subject.org_id,
        RestrictedDocument.document_id.in_(document_ids),
    )
    return set((await work.session.scalars(statement)).all())


async def browse(
    work: Work, collection_id: CollectionId, asked: Asked
) -> Page[DocumentPermissionsRead]:
    """Return a page of a collection's documents that only some may read.

    Whoever manages the collection by what they are sees all of them, also those that nobody reads
    any more; others see what they read.

    Raises:
        CollectionNotFound: The subject may neither read it nor manage it.
    """
    collection = await collections.seen(work, collection_id)
    statement = (
        select(Document)
        .join(RestrictedDocument, _OF_DOCUMENT)
        .where(
            Document.org_id == work.subject.org_id,
            Document.collection_id == collection.id,
            Document.deleted_at.is_(None),
        )
    )
    if access.manages(work.subject, collection):
        async with acting.for_the_deployment(work):
            found = await LISTING.slice(work, statement, asked)
        may_change = True
    else:
        found = await LISTING.slice(work, statement, asked)
        may_change = (await access.rights(work, collection))[collection.id].edit
    rows = await _readers(work, *(row.id for row in found.rows))
    of_document: dict[DocumentId, list[ReaderRead]] = {row.id: [] for row in found.rows}
    for row, shown in zip(rows, await grantees.names(work, rows), strict=True):
        of_document[row.document_id].append(shown)
    items = [_read(row, of_document[row.id], may_change=may_change) for row in found.rows]
    return found.page(items)


async def _find(
    work: Work, document_id: DocumentId, *, hold: bool = False
) -> tuple[Document, Collection, bool]:
    """Return a document, its collection, and whether the subject says who reads it."""
    statement = select(Document).where(
        Document.org_id == work.subject.org_id, Document.id == document_id
    )
    if hold:
        statement = statement.with_for_update(key_share=True)
    async with acting.for_the_deployment(work):
        row = (await work.session.scalars(statement)).first()
        collection = await collections.find(work, row.collection_id) if row else None
    if row is None or collection is None:
        raise DocumentNotFound
    if access.manages(work.subject, collection):
        return row, collection, True
    await documents.get(work, document_id)
    return row, collection, (await access.rights(work, collection))[collection.id].edit


async def _readers(work: Work, *document_ids: DocumentId) -> Sequence[DocumentReader]:
    statement = (
        select(DocumentReader)
        .where(
            DocumentReader.org_id == work.subject.org_id,
            DocumentReader.document_id.in_(document_ids),
        )
        .order_by(DocumentReader.id)
    )
    return (await work.session.scalars(statement)).all()


async def _restrict(
    work: Work,
    row: Document,
    collection: Collection,
    readers: Sequence[Reader] | None,
    kept: Sequence[DocumentReader],
) -> None:
    """Let only these read a document, and whoever owns the collection; all, if none is named."""
    mine = RestrictedDocument.org_id == row.org_id, RestrictedDocument.document_id == row.id
    if readers is None:
        await grantees.take_out(work, kept, ())
        await work.session.flush()
        await work.session.execute(delete(RestrictedDocument).where(*mine))
        return
    if await work.session.scalar(select(RestrictedDocument.document_id).where(*mine)) is None:
        work.session.add(
            RestrictedDocument(
                org_id=row.org_id, document_id=row.id, collection_id=row.collection_id
            )
        )
        await work.session.flush()
    wanted: set[Whom] = {reader.whom for reader in readers}
    if collection.user_id is not None:
        wanted.add((collection.user_id, None))
    staying = await grantees.take_out(work, kept, wanted)
    for user_id, team_id in wanted - {grantees.whom(each) for each in staying}:
        reader = DocumentReader(
            org_id=row.org_id,
            id=GrantId(new_id()),
            document_id=row.id,
            user_id=user_id,
            team_id=team_id,
        )
        work.session.add(reader)
    await work.session.flush()


async def _demand_still_read(work: Work, row: Document) -> None:
    try:
        await documents.get(work, row.id)
    except DocumentNotFound:
        raise LocksYouOut from None


async def _shown(work: Work, row: Document, *, may_change: bool) -> DocumentPermissionsRead:
    there = await restricted(work, [row.id])
    readers = await grantees.names(work, await _readers(work, row.id)) if there else None
    return _read(row, readers, may_change=may_change)


def _read(
    row: Document, readers: Sequence[ReaderRead] | None, *, may_change: bool
) -> DocumentPermissionsRead:
    return DocumentPermissionsRead(
        document_id=row.id,
        collection_id=row.collection_id,
        title=row.title,
        readers=None if readers is None else list(readers),
        may_change=may_change,
    )
