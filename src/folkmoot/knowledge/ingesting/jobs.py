"""What is done later: reading documents, purging what was deleted."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select

from folkmoot.blobs.store import BlobStore
from folkmoot.db.work import Database, Work
from folkmoot.jobs.queue import Queue
from folkmoot.kit import clock
from folkmoot.kit.ids import CollectionId, DocumentId, OrgId, RunId, TeamId, UploadId, UserId
from folkmoot.kit.subject import Subject, deployment
from folkmoot.knowledge import collections, documents, trash
from folkmoot.knowledge.ingesting import uploads
from folkmoot.knowledge.ingesting.ingest import KIND
from folkmoot.knowledge.models import Collection, Document
from folkmoot.knowledge.waking import TELL_WORKERS
from folkmoot.runs import service as runs
from folkmoot.runs.opening import NewRun
from folkmoot.runs.supervisor import Supervisor

PURGE: Final = "knowledge.purge"
DROP_BLOB: Final = "knowledge.drop_blob"
CLEAR_UPLOAD: Final = "knowledge.clear_upload"
EMPTY_TRASH: Final = "knowledge.empty_trash"
QUEUE: Final = "knowledge"
PURGED_AT_ONCE: Final = 20
"""Documents that are deleted in one transaction."""
SLACK: Final = timedelta(minutes=1)
"""By how much clocks may differ when the trash is emptied."""
UPLOAD_SECONDS: Final = 10
"""Seconds between two looks whether an upload's process is still there."""


@dataclass(frozen=True, slots=True)
class KnowledgeJobs:
    """The jobs of this slice; register them once per process."""

    queue: Queue
    database: Database
    blobs: BlobStore
    supervisor: Supervisor
    kept: timedelta

    def register(self) -> None:
        """Name the jobs."""
        kept = int(self.kept.total_seconds())
        self.queue.register(EMPTY_TRASH, self.empty_trash, queue=QUEUE, after=kept)
        self.queue.register(PURGE, self.purge, queue=QUEUE)
        self.queue.register(DROP_BLOB, self.drop_blob, queue=QUEUE)
        self.queue.register(CLEAR_UPLOAD, self.clear_upload, queue=QUEUE, after=UPLOAD_SECONDS)

    async def begin_upload(self, work: Work) -> UploadId:
        """Note an upload, and the job that clears it away if this process does not end it."""
        upload_id = await uploads.begin(work, self.supervisor.process_id)
        await self._look_after(work, upload_id)
        return upload_id

    async def start(self, work: Work, run_id: RunId, document_ids: list[str]) -> None:
        """Queue a run that reads documents, with the data, and tell workers of it."""
        subject = work.subject
        new = NewRun(
            id=run_id,
            kind=KIND,
            input={"documents": document_ids},
            client_id=str(run_id),
            thread_id=str(run_id),
            fingerprint=b"",
            concurrency_key=None,
            subject=subject,
        )
        await runs.queue(work, new)
        await work.session.execute(TELL_WORKERS)

    async def forget(self, work: Work, collection: Collection) -> None:
        """Have everything purged that is in a deleted collection."""
        ids = {"org_id": str(collection.org_id), "collection_id": str(collection.id)}
        await self.queue.defer(work, PURGE, **ids)

    async def forget_team(self, org_id: OrgId, team_id: TeamId) -> None:
        """Delete the collections of a team that is gone, and have what is in them purged."""
        async with self.database.work(deployment(org_id)) as work:
            for each in await collections.of_team(work, team_id):
                each.deleted_at = clock.now()
                await self.forget(work, each)

    async def drop(self, work: Work, key: str | None) -> None:
        """Have a blob deleted once this work is committed, if there is one."""
        if key is not None:
            await self.queue.defer(work, DROP_BLOB, key=key)

    async def discard(self, work: Work, document: Document) -> None:
        """Put a document that the caller holds into the trash, and have it purged in time."""
        await trash.put(work, document)
        ids = {"org_id": str(document.org_id), "document_id": str(document.id)}
        await self.queue.defer(work, EMPTY_TRASH, **ids)

    async def empty_trash(self, *, org_id: str, document_id: str) -> None:
        """Delete a document for good, unless it was brought back."""
        before = clock.now() - self.kept + SLACK
        async with self.database.work(deployment(OrgId(UUID(org_id)))) as work:
            key = await trash.erase_due(work, DocumentId(UUID(document_id)), before)
            await self.drop(work, key)

    async def purge(self, *, org_id: str, collection_id: str, **_by: str) -> None:
        """Delete a collection's documents, a few at a time, then the collection itself.

        Whoever has deleted it need not have seen all that was in it.
        """
        subject = deployment(OrgId(UUID(org_id)))
        while await self._purge_some(subject, CollectionId(UUID(collection_id))):
            pass

    async def _purge_some(self, subject: Subject, collection_id: CollectionId) -> bool:
        org_id = subject.org_id
        async with self.database.work(subject) as work:
            found = await work.session.scalars(
                select(Document)
                .where(Document.org_id == org_id, Document.collection_id == collection_id)
                .order_by(Document.id)
                .limit(PURGED_AT_ONCE)
                .with_for_update()
            )
            keys = [await documents.erase(work, document) for document in found.all()]
            for key in keys:
                await self.drop(work, key)
            if not keys:
                await work.session.execute(
                    delete(Collection).where(
                        Collection.org_id == org_id,
                        Collection.id == collection_id,
                        Collection.deleted_at.is_not(None),
                    )
                )
        return bool(keys)

    async def clear_upload(self, *, org_id: str, user_id: str, upload_id: str) -> None:
        """Delete what an upload has left behind whose process died; else look again later."""
        subject, upload = _subject(org_id, user_id), UploadId(UUID(upload_id))
        async with self.database.work(subject) as work:
            process_id = await uploads.receiver(work, upload)
            if process_id is not None and await runs.alive(work, process_id):
                return await self._look_after(work, upload)
        return await uploads.discard(self.database, self.blobs, subject, upload)

    async def _look_after(self, work: Work, upload_id: UploadId) -> None:
        ids = {**_who(work.subject), "upload_id": str(upload_id)}
        await self.queue.defer(work, CLEAR_UPLOAD, **ids)

    async def drop_blob(self, *, key: str) -> None:
        """Delete a blob."""
        await self.blobs.delete(key)


def _who(subject: Subject) -> dict[str, str]:
    return {"org_id": str(subject.org_id), "user_id": str(subject.user_id)}


def _subject(org_id: str, user_id: str) -> Subject:
    return Subject(OrgId(UUID(org_id)), UserId(UUID(user_id)))
