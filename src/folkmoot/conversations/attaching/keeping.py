"""Keeping what comes with messages, and giving it out to whom it belongs."""

import asyncio
import binascii
from base64 import b64decode
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update

from folkmoot.blobs.errors import BlobNotFound
from folkmoot.blobs.store import BlobStore
from folkmoot.conversations.attaching.looking import LARGEST, look, named
from folkmoot.conversations.attaching.models import Attachment
from folkmoot.conversations.errors import AttachmentNotFound, AttachmentUnusable
from folkmoot.db.work import Database
from folkmoot.kit.ids import AttachmentId, OrgId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.ingesting.reading import Reader
from folkmoot.knowledge.parsing.parsed import WITHOUT_TEXT, ParseFailed
from folkmoot.knowledge.sniff import Kind
from folkmoot.runs.filters import Filters

MOST: Final = 8
"""Attachments of one message."""

LONGEST_TEXT: Final = 60_000
"""Characters of a document that a model is shown."""

Reference = dict[str, Any]
"""What a message says of an attachment: all but its bytes."""


@dataclass(frozen=True, slots=True)
class Given:
    """Something that came with a message: its bytes in base64, or the id under which it is kept."""

    pointer: str
    data: str | None = None
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Attachments:
    """What people have sent along in a deployment."""

    database: Database
    blobs: BlobStore
    reader: Reader
    filters: Filters

    async def keep(self, subject: Subject, data: bytes, name: str | None) -> Attachment:
        """Keep a file; until a message refers to it, for a day.

        Raises:
            AttachmentUnusable: It is nothing that models are shown.
        """
        named_as = self.filters.text(named(name))
        looked = await asyncio.to_thread(look, data, named_as)
        attachment_id = AttachmentId(new_id())
        made = Attachment(
            org_id=subject.org_id,
            id=attachment_id,
            user_id=subject.user_id,
            name=named_as,
            media_type=looked.media_type,
            size=len(data),
            width=looked.width,
            height=looked.height,
            text=None if looked.kind is None else "",
        )
        # First, so that the file is found again whatever happens.
        async with self.database.work(subject) as work:
            work.session.add(made)
        where = key(subject.org_id, attachment_id)
        await self.blobs.put(where, _once(data), limit=LARGEST)
        if looked.kind is not None:
            made.text, made.readable = await self._read(where, looked.kind)
            mine = (Attachment.org_id == subject.org_id, Attachment.id == attachment_id)
            found = {"text": made.text, "readable": made.readable}
            async with self.database.work(subject) as work:
                await work.session.execute(update(Attachment).where(*mine).values(found))
        return made

    async def settle(self, subject: Subject, given: Sequence[Given]) -> list[Reference]:
        """Do as `kept`; return what the message says of all."""
        return [reference(each) for each in await self.kept(subject, given)]

    async def kept(self, subject: Subject, given: Sequence[Given]) -> list[Attachment]:
        """Keep what came with a message and is not kept yet; return all.

        Raises:
            AttachmentUnusable, AttachmentNotFound: Something of it can not be had.
        """
        if len(given) > MOST:
            raise AttachmentUnusable(f"A message may have {MOST} attachments at the most.")
        return [await self._settled(subject, each) for each in given]

    async def find(self, subject: Subject, name: str) -> Attachment:
        """Return one of the subject's own."""
        try:
            attachment_id = AttachmentId(UUID(name))
        except ValueError:
            raise AttachmentNotFound from None
        statement = select(Attachment).where(
            Attachment.org_id == subject.org_id,
            Attachment.user_id == subject.user_id,
            Attachment.id == attachment_id,
            Attachment.loose.is_(False),
        )
        async with self.database.work(subject) as work:
            found = (await work.session.scalars(statement)).first()
        if found is None:
            raise AttachmentNotFound
        return found

    async def own(self, subject: Subject, ids: Collection[str]) -> Mapping[str, Attachment]:
        """Return those of the subject's own that are there, by the ids that messages name."""
        statement = select(Attachment).where(
            Attachment.org_id == subject.org_id,
            Attachment.user_id == subject.user_id,
            Attachment.id.in_([AttachmentId(UUID(each)) for each in ids]),
            Attachment.loose.is_(False),
        )
        if not ids:
            return {}
        async with self.database.work(subject) as work:
            found = (await work.session.scalars(statement)).all()
        return {str(each.id): each for each in found}

    async def whole(self, attachment: Attachment) -> bytes | None:
        """Return the bytes at once; None if they are gone."""
        try:
            return b"".join([part async for part in self.contents(attachment)])
        except BlobNotFound:
            return None

    def contents(self, attachment: Attachment) -> AsyncGenerator[bytes]:
        """Yield the bytes."""
        return self.blobs.get(key(attachment.org_id, attachment.id))

    async def _settled(self, subject: Subject, given: Given) -> Attachment:
        if given.id is not None:
            return await self.find(subject, given.id)
        try:
            data = await asyncio.to_thread(b64decode, given.data or "", validate=True)
            return await self.keep(subject, data, given.name)
        except binascii.Error:
            raise AttachmentUnusable("It is not base64.", given.pointer) from None
        except AttachmentUnusable as error:
            raise AttachmentUnusable(error.why, given.pointer) from None

    async def _read(self, where: str, kind: Kind) -> tuple[str, bool]:
        """Return a document's text, and whether models may read its file.

        The text is read in a child process with limits. Files are for models to read if nothing
        had to be left out of it: no secrets, and not the pages of a book.
        """
        try:
            parsed = await self.reader.parse(where, kind, _nobody)
        except ParseFailed as error:
            if str(error) in WITHOUT_TEXT:
                return "", True
            raise AttachmentUnusable(str(error)) from None
        text = self.filters.text(parsed.text[:LONGEST_TEXT])
        return text, kind is Kind.PDF and text == parsed.text


def key(org_id: OrgId, attachment_id: AttachmentId) -> str:
    """Return where the bytes are."""
    return f"{org_id}/attachments/{attachment_id}"


def reference(attachment: Attachment) -> Reference:
    """Return what a message says of an attachment."""
    told: Reference = {
        "id": str(attachment.id),
        "name": attachment.name,
        "media_type": attachment.media_type,
        "size": attachment.size,
    }
    if attachment.width is not None:
        told |= {"width": attachment.width, "height": attachment.height}
    return told


def referring(values: Mapping[str, object], attached: Sequence[Reference]) -> dict[str, object]:
    """Return the values of the statement by which a message keeps what came with it."""
    return {**values, "attached": [UUID(each["id"]) for each in attached]}


async def _once(data: bytes) -> AsyncGenerator[bytes]:
    yield data


async def _nobody(_done: int, _total: int) -> None:
    """Tell nobody how far it is."""
