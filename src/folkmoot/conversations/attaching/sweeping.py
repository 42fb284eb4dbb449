"""Deleting what belongs to no message: never sent, or its conversation is gone for good."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final, cast
from uuid import UUID

from sqlalchemy import delete, select, update

from folkmoot.blobs.errors import BlobNotFound
from folkmoot.blobs.store import BlobStore
from folkmoot.conversations.attaching.keeping import key
from folkmoot.conversations.attaching.models import Attachment, MessageAttachment
from folkmoot.db import extract
from folkmoot.db.work import Database
from folkmoot.jobs.queue import Queue
from folkmoot.kit.ids import AttachmentId, OrgId, UserId
from folkmoot.kit.personal import File, Person
from folkmoot.kit.subject import Subject

QUEUE: Final = "conversations"
EVERY_HOUR: Final = "13 * * * *"
AT_ONCE: Final = 100
LOOSE: Final = "SELECT org_id, user_id, attachment_id FROM attachments_loose(%s)"


@dataclass(frozen=True, slots=True)
class Sweep:
    """Deletes what is loose. It may be cut, and run again."""

    database: Database
    blobs: BlobStore

    def register(self, queue: Queue) -> None:
        """Have it done again and again."""
        queue.repeat("conversations.sweep_attachments", self.run, queue=QUEUE, cron=EVERY_HOUR)

    async def run(self) -> None:
        """Delete whatever is loose, of everybody."""
        while True:
            async with self.database.unscoped() as connection:
                cursor = await connection.execute(LOOSE, (AT_ONCE,))
                rows = cast(list[tuple[UUID, UUID, UUID]], await cursor.fetchall())
            for org_id, user_id, attachment_id in rows:
                subject = Subject(OrgId(org_id), UserId(user_id))
                await self.remove(subject, AttachmentId(attachment_id))
            if len(rows) < AT_ONCE:
                return

    async def remove(self, subject: Subject, attachment_id: AttachmentId) -> None:
        """Delete one to which no message refers: first nobody can refer to it, then it goes."""
        mine = (Attachment.org_id == subject.org_id, Attachment.id == attachment_id)
        referred = select(MessageAttachment.attachment_id).where(
            MessageAttachment.org_id == subject.org_id,
            MessageAttachment.attachment_id == attachment_id,
        )
        async with self.database.work(subject) as work:
            loosened = update(Attachment).where(*mine, ~referred.exists()).values(loose=True)
            if await work.session.scalar(loosened.returning(Attachment.id)) is None:
                return
        await self.blobs.delete(key(subject.org_id, attachment_id))
        async with self.database.work(subject) as work:
            await work.session.execute(delete(Attachment).where(*mine))


@dataclass(frozen=True, slots=True)
class OwnAttachments:
    """What people have sent along with their messages; is erased after those."""

    database: Database
    blobs: BlobStore
    tables: frozenset[str] = frozenset({"attachments", "message_attachments"})

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield what is known of them, and the files as they were sent."""
        for org_id in person.places:
            subject = Subject(org_id, person.user_id)
            into = f"organizations/{org_id}"
            told = select(
                Attachment.id,
                Attachment.name,
                Attachment.media_type,
                Attachment.size,
                Attachment.text,
                Attachment.created_at,
            ).where(Attachment.org_id == org_id, Attachment.user_id == person.user_id)
            open_work = partial(self.database.work, subject)
            lines = extract.lines(open_work, told, [Attachment.id])
            yield File(f"{into}/attachments.jsonl", lines)
            async for attachment_id in self._all(subject):
                yield File(
                    f"{into}/attachments/{attachment_id}",
                    self._contents(subject, attachment_id),
                    packed=True,
                )

    async def erase(self, person: Person) -> None:
        """Delete the files and the rows."""
        sweep = Sweep(self.database, self.blobs)
        for org_id in person.places:
            subject = Subject(org_id, person.user_id)
            async for attachment_id in self._all(subject):
                await sweep.remove(subject, attachment_id)

    async def _all(self, subject: Subject) -> AsyncGenerator[AttachmentId]:
        after: AttachmentId | None = None
        while True:
            page = (
                select(Attachment.id)
                .where(Attachment.org_id == subject.org_id, Attachment.user_id == subject.user_id)
                .order_by(Attachment.id)
                .limit(AT_ONCE)
            )
            if after is not None:
                page = page.where(Attachment.id > after)
            async with self.database.work(subject) as work:
                found = (await work.session.scalars(page)).all()
            for after in found:
                yield after
            if len(found) < AT_ONCE:
                return

    async def _contents(
        self, subject: Subject, attachment_id: AttachmentId
    ) -> AsyncGenerator[bytes]:
        with suppress(BlobNotFound):  # deleted a moment ago
            async for part in self.blobs.get(key(subject.org_id, attachment_id)):
                yield part
