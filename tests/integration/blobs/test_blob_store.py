"""Blobs on a local disk and in memory."""

import asyncio
import hashlib
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from folkmoot.blobs.errors import BlobNotFound, BlobStoreUnavailable, BlobTooLarge
from folkmoot.blobs.store import PART_BYTES, BlobStore

pytestmark = pytest.mark.anyio

LIMIT = 100 * PART_BYTES
PART = b"0123456789abcdef" * 4096


async def stream(parts: int) -> AsyncIterator[bytes]:
    for _ in range(parts):
        yield PART


def files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    return BlobStore(f"file://{tmp_path}" if request.param == "file" else "memory:///")


@pytest.mark.core
@pytest.mark.parametrize("parts", [0, 1, 200])
async def test_what_is_written_is_read_back(store: BlobStore, parts: int) -> None:
    stored = await store.put("one/two/three", stream(parts), limit=LIMIT)
    assert (stored.size, stored.digest) == (
        parts * len(PART),
        hashlib.sha256(PART * parts).digest(),
    )
    assert b"".join([part async for part in store.get("one/two/three")]) == PART * parts


async def test_nobody_else_on_the_machine_can_read_what_is_stored(tmp_path: Path) -> None:
    for directory, mode in ((tmp_path / "old", 0o755), (tmp_path / "new" / "blobs", None)):
        if mode is not None:
            directory.mkdir(mode=mode)
        store = BlobStore(directory.as_uri())
        await store.put("one/two", stream(1), limit=LIMIT)
        assert directory.stat().st_mode & 0o777 == 0o700


async def test_a_directory_answers_as_long_as_it_is_there(tmp_path: Path) -> None:
    store = BlobStore((tmp_path / "blobs").as_uri())
    await store.ping()
    (tmp_path / "blobs").rmdir()
    with pytest.raises(BlobStoreUnavailable):
        await store.ping()


async def test_a_download_lands_in_a_file(store: BlobStore, tmp_path: Path) -> None:
    await store.put("key", stream(40), limit=LIMIT)
    with (tmp_path / "target").open("w+b") as target:
        await store.download("key", target)
        assert target.read() == PART * 40


async def test_a_stream_beyond_the_limit_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    store = BlobStore(f"file://{tmp_path}")
    with pytest.raises(BlobTooLarge):
        await store.put("big", stream(1000), limit=20 * PART_BYTES // 5)
    assert files(tmp_path) == []


async def test_a_stream_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        async for part in stream(300):
            yield part
        raise ConnectionResetError

    store = BlobStore(f"file://{tmp_path}")
    with pytest.raises(ConnectionResetError):
        await store.put("cut", broken(), limit=LIMIT)
    assert files(tmp_path) == []


async def test_a_cancelled_upload_leaves_nothing_even_while_its_client_is_silent(
    tmp_path: Path,
) -> None:
    silent = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        async for part in stream(200):
            yield part
        silent.set()
        await asyncio.Event().wait()

    store = BlobStore(f"file://{tmp_path}")
    upload = asyncio.create_task(store.put("slow", slow(), limit=LIMIT))
    await silent.wait()
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert files(tmp_path) == []


async def test_a_missing_blob_is_told_before_the_first_byte(store: BlobStore) -> None:
    with pytest.raises(BlobNotFound):
        await anext(store.get("nothing"))


async def test_deleting_twice_is_fine(store: BlobStore) -> None:
    await store.put("key", stream(1), limit=LIMIT)
    await store.delete("key")
    await store.delete("key")
    with pytest.raises(BlobNotFound):
        await anext(store.get("key"))


async def test_deleting_takes_what_a_killed_process_has_left_of_the_blob(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(tmp_path))
    assert await process.wait() == -signal.SIGKILL
    assert [path.name for path in files(tmp_path)] == ["key#1"]
    (tmp_path / "one" / "key2").write_bytes(b"another blob")
    await BlobStore(f"file://{tmp_path}").delete("one/key")
    assert [path.name for path in files(tmp_path)] == ["key2"]


async def test_a_key_cannot_climb_out_of_the_store(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    store = BlobStore(f"file://{inside}")
    with pytest.raises(ValueError, match="illegal"):
        await store.put("../outside", stream(1), limit=LIMIT)
    assert files(tmp_path) == []


KILLED = """
import asyncio, os, signal, sys
from folkmoot.blobs.store import BlobStore

async def stream():
    yield b"x" * 10_000_000
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(BlobStore(f"file://{sys.argv[1]}").put("one/key", stream(), limit=10**9))
"""
FULL = """
import asyncio, resource, signal, sys
from folkmoot.blobs.store import BlobStore
from folkmoot.db.errors import StorageFull

async def stream():
    for _ in range(100):
        yield b"x" * 100_000

async def main():
    try:
        await BlobStore(f"file://{sys.argv[1]}").put("full", stream(), limit=10**9)
    except StorageFull as error:
        print(int(error.status), error.code)

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (6_000_000, 6_000_000))
asyncio.run(main())
"""


def test_a_full_disk_is_a_507_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "507 storage_full\n", done.stderr
    assert files(tmp_path) == []
