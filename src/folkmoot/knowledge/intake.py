"""Taking documents in: bytes to the blob store, rows and a run to the database, or nothing."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from folkmoot.blobs.store import BlobStore, Stored
from folkmoot.db.work import Database
from folkmoot.kit.ids import CollectionId, OrgId, RunId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.knowledge import collections, documents, plaintext
from folkmoot.knowledge.documents import Received
from folkmoot.knowledge.errors import BrokenForm, NothingSent
from folkmoot.knowledge.forms import FilePart
from folkmoot.knowledge.jobs import KnowledgeJobs
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.models import Document
from folkmoot.knowledge.schemas import ExternalId, Metadata, TextCreate
from folkmoot.knowledge.sniff import HEAD_BYTES, Kind, sniff

UNNAMED: Final = "Untitled"
EXTERNAL_ID: Final = TypeAdapter[str | None](ExternalId | None)
METADATA: Final = TypeAdapter[dict[str, Any]](Metadata)


@dataclass(frozen=True, slots=True)
class Taken:
    """Documents that were accepted, and the run that reads them."""

    documents: list[Document]
    run_id: RunId


@dataclass(frozen=True, slots=True)
class Intake:
    """Accepts uploads."""

    database: Database
    blobs: BlobStore
    jobs: KnowledgeJobs
    limits: Limits

    async def files(
        self, subject: Subject, collection_id: CollectionId, parts: AsyncIterator[FilePart]
    ) -> Taken:
        """Store files of a form as they come in.

        Raises:
            CollectionNotFound: the subject cannot see the collection.
            UnsupportedFile: one of the files is of a kind that is not read.
            BlobTooLarge: one of them is too large.
            NothingSent: there is none.
        """
        await self._demand(subject, collection_id)
        async with self._blobs_or_nothing() as keys:
            received = [await self._file(subject.org_id, part, keys) async for part in parts]
            if not received:
                raise NothingSent
            return await self._add(subject, collection_id, received)

    async def text(self, subject: Subject, collection_id: CollectionId, data: TextCreate) -> Taken:
        """Store a text.

        Raises:
            CollectionNotFound: the subject cannot see the collection.
        """
        await self._demand(subject, collection_id)
        async with self._blobs_or_nothing() as keys:
            body = plaintext.normalise(data.text).encode()
            stored = await self._put(subject.org_id, _once(body), keys)
            received = Received(
                title=plaintext.one_line(data.title),
                kind=Kind.TEXT,
                blob_key=keys[-1],
                size=stored.size,
                digest=stored.digest,
                external_id=data.external_id,
                metadata=data.metadata,
            )
            return await self._add(subject, collection_id, [received])

    async def _demand(self, subject: Subject, collection_id: CollectionId) -> None:
        """Fail before anything is stored if the collection is not the subject's."""
        async with self.database.work(subject) as work:
            await collections.get(work, collection_id)

    @asynccontextmanager
    async def _blobs_or_nothing(self) -> AsyncGenerator[list[str]]:
        """Collect the keys of blobs; delete them again unless the block succeeds."""
        keys: list[str] = []
        done = False
        try:
            yield keys
            done = True
        finally:
            if not done:
                for key in keys:
                    await self.blobs.delete(key)

    async def _file(self, org_id: OrgId, part: FilePart, keys: list[str]) -> Received:
        head, data = await _peeked(part.data)
        name = PurePosixPath(plaintext.one_line(part.filename).replace("\\", "/")).name
        kind = sniff(head, name)
        external_id, metadata = _described(part.fields)
        stored = await self._put(org_id, data, keys)
        title = plaintext.one_line(part.fields.get("title", "")) or PurePosixPath(name).stem
        return Received(
            title=title or UNNAMED,
            kind=kind,
            blob_key=keys[-1],
            size=stored.size,
            digest=stored.digest,
            external_id=external_id,
            metadata=metadata,
        )

    async def _put(self, org_id: OrgId, data: AsyncIterator[bytes], keys: list[str]) -> Stored:
        key = f"{org_id}/documents/{new_id()}"
        stored = await self.blobs.put(key, data, limit=self.limits.file_bytes)
        keys.append(key)
        return stored

    async def _add(
        self, subject: Subject, collection_id: CollectionId, received: list[Received]
    ) -> Taken:
        """Store the rows, the run and its job in one transaction."""
        run_id = RunId(new_id())
        async with self.database.work(subject) as work:
            await collections.hold(work, collection_id)
            added = [
                (place, await documents.add(work, collection_id, each, run_id))
                for place, each in _in_one_order(received)
            ]
            for _, each in added:
                if each.orphan is not None:
                    await self.jobs.drop(work, each.orphan)
            sent = [each.document for _, each in sorted(added, key=lambda pair: pair[0])]
            found = list({document.id: document for document in sent}.values())
            await self.jobs.start(work, run_id, [str(each.id) for each in found])
        return Taken(found, run_id)


def _in_one_order(received: list[Received]) -> list[tuple[int, Received]]:
    """Order documents by the names that others may send too, so that nobody waits in a circle."""
    return sorted(enumerate(received), key=lambda pair: pair[1].external_id or "")


def _described(fields: dict[str, str]) -> tuple[str | None, dict[str, Any]]:
    """Return the external id and the metadata that a form gives."""
    try:
        external_id = EXTERNAL_ID.validate_python(fields.get("external_id"))
        metadata = METADATA.validate_python(json.loads(fields.get("metadata") or "{}"))
    except (ValidationError, ValueError, RecursionError):
        raise BrokenForm("`external_id` or `metadata` does not fit") from None
    return external_id, metadata


async def _peeked(data: AsyncIterator[bytes]) -> tuple[bytes, AsyncIterator[bytes]]:
    """Return the beginning of a stream, and the whole of it."""
    head = bytearray()
    async for piece in data:
        head += piece
        if len(head) >= HEAD_BYTES:
            break
    return bytes(head[:HEAD_BYTES]), _joined(bytes(head), data)


async def _joined(head: bytes, rest: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    yield head
    async for piece in rest:
        yield piece


async def _once(data: bytes) -> AsyncGenerator[bytes]:
    yield data
