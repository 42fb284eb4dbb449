"""One interface over local directories and S3-compatible stores; no file is whole in memory."""

import asyncio
import glob
import hashlib
import os
import re
import stat
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import IO, Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

import structlog

from folkmoot.blobs.errors import BlobNotFound, BlobStoreUnavailable, BlobTooLarge
from folkmoot.db.errors import StorageFull

PART_BYTES: Final = 5 * 1024 * 1024
"""S3 takes no smaller parts."""

PARTS_AT_ONCE: Final = 2
READ_BYTES: Final = 1024 * 1024
FULL: Final = re.compile(r"os error (27|28|122)\b|StorageFull|QuotaExceeded")
"""File too large for the operator's limit, no space left, quota exceeded."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stored:
    """What was written: its length in bytes and its SHA-256."""

    size: int
    digest: bytes


class BlobStore:
    """The files of one deployment.

    Args:
        url: `file:///directory`, `s3://bucket/prefix`, or `memory://` for tests.
        options: What the store's client takes besides, such as `endpoint` or `access_key_id`.
    """

    def __init__(self, url: str, **options: Any) -> None:
        self._url = url
        self._options = options
        self._directory: Path | None = None
        if url.startswith("file://"):
            self._directory = Path(url2pathname(urlsplit(url).path))
            _keep_private(self._directory)
            options["automatic_cleanup"] = True

    @cached_property
    def _obstore(self) -> ModuleType:
        """The library: 10 MB that a server does without until something is stored."""
        return import_module("obstore")

    @cached_property
    def _store(self) -> Any:  # noqa: ANN401 - one of the library's classes, by the address
        return import_module("obstore.store").from_url(self._url, **self._options)

    async def put(self, key: str, parts: AsyncIterable[bytes], *, limit: int) -> Stored:
        """Write a blob from a stream.

        All of it is stored or nothing: if the stream fails, is cut or turns out too large, no
        trace of it is left.

        Raises:
            BlobTooLarge: the stream has more than `limit` bytes.
            StorageFull: there is no room for it.
            BlobStoreUnavailable: the store does not answer.
        """
        measured = _Measured(parts, limit)
        upload = asyncio.ensure_future(self._put(key, measured))
        try:
            await asyncio.wait([upload])
        except asyncio.CancelledError:
            # Breaking the stream off lets the store clean up; cancelling the call would not.
            measured.abort()
            await asyncio.gather(upload, return_exceptions=True)
            raise
        upload.result()
        return Stored(measured.size, measured.digest.digest())

    async def _put(self, key: str, parts: AsyncIterator[bytes]) -> None:
        with self._failures():
            await self._obstore.put_async(
                self._store, key, parts, chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
            )

    async def get(self, key: str) -> AsyncGenerator[bytes]:
        """Yield a blob in parts of about a megabyte; fails before the first if it is not there."""
        with self._failures():
            found = await self._obstore.get_async(self._store, key)
            async for part in found.stream(min_chunk_size=READ_BYTES):
                yield bytes(part)

    async def download(self, key: str, target: IO[bytes]) -> None:
        """Write a blob into a local file, and go back to its beginning."""
        async for part in self.get(key):
            await asyncio.to_thread(target.write, part)
        target.seek(0)

    async def delete(self, key: str) -> None:
        """Delete a blob and what a killed process left of it; one that is not there is fine."""
        if self._directory is not None:
            await asyncio.to_thread(_delete_staged, self._directory / key)
        try:
            with self._failures():
                await self._obstore.delete_async(self._store, key)
        except BlobNotFound:
            pass

    async def clear(self, directory: str) -> None:
        """Delete every blob whose key begins with a directory's name and a slash."""
        with self._failures():
            async for found in self._obstore.list(self._store, prefix=directory.rstrip("/")):
                for blob in found:
                    await self.delete(blob["path"])

    async def ping(self) -> None:
        """Ask the store for something that is not there; fail if it does not answer.

        A directory answers if it can be written to.
        """
        if self._directory is not None:
            if not await asyncio.to_thread(os.access, self._directory, os.W_OK | os.X_OK):
                raise BlobStoreUnavailable
            return
        with self._failures():
            try:
                await self._obstore.head_async(self._store, "health")
            except FileNotFoundError:
                return

    @contextmanager
    def _failures(self) -> Generator[None]:
        """Turn the ways in which a store can fail into ours."""
        exceptions = import_module("obstore.exceptions")
        try:
            yield
        except FileNotFoundError:
            raise BlobNotFound from None
        except exceptions.BaseError as error:
            if FULL.search(str(error)):
                raise StorageFull from error
            log.warning("blobs.unavailable", error=str(error).partition("\n")[0])
            raise BlobStoreUnavailable from error


class _Measured:
    """Counts and hashes a stream on its way, and ends it when it is too long or aborted."""

    def __init__(self, parts: AsyncIterable[bytes], limit: int) -> None:
        self._parts = aiter(parts)
        self._limit = limit
        self._aborted = False
        self._next: asyncio.Task[bytes | None] | None = None
        self.size = 0
        self.digest = hashlib.sha256()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._aborted:
            raise ConnectionAbortedError
        self._next = asyncio.ensure_future(_next_part(self._parts))
        try:
            part = await self._next
        except asyncio.CancelledError:
            raise ConnectionAbortedError from None
        if part is None:
            raise StopAsyncIteration
        self.size += len(part)
        if self.size > self._limit:
            raise BlobTooLarge(self._limit)
        self.digest.update(part)
        return part

    def abort(self) -> None:
        """End the stream at once, also while it waits for a slow client."""
        self._aborted = True
        if self._next is not None:
            self._next.cancel()


def _keep_private(directory: Path) -> None:
    """Make a directory that is nobody's business but its owner's."""
    directory.mkdir(parents=True, exist_ok=True)
    with suppress(PermissionError):  # somebody else's, who has let us in on purpose
        directory.chmod(stat.S_IRWXU)


def _delete_staged(path: Path) -> None:
    """Delete the beginnings of a file: the library writes it under its name, `#` and a number."""
    for staged in path.parent.glob(f"{glob.escape(path.name)}#*"):
        staged.unlink(missing_ok=True)


async def _next_part(parts: AsyncIterator[bytes]) -> bytes | None:
    return await anext(parts, None)
