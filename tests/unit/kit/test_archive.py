"""An archive is made while it is sent, and is whole or none."""

import io
from collections.abc import AsyncGenerator
from zipfile import BadZipFile, ZipFile

import pytest

from folkmoot.kit import archive
from folkmoot.kit.personal import File

pytestmark = pytest.mark.anyio


async def of(*parts: bytes) -> AsyncGenerator[bytes]:
    for part in parts:
        yield part


async def files(*named: File) -> AsyncGenerator[File]:
    for each in named:
        yield each


async def test_files_come_out_as_they_went_in() -> None:
    packed = b"\x00\xff" * 1000
    given = files(File("a.txt", of(b"one ", b"two")), File("d/b.bin", of(packed), packed=True))
    sent = b"".join([part async for part in archive.zipped(given)])
    read = ZipFile(io.BytesIO(sent))
    assert read.testzip() is None
    assert {name: read.read(name) for name in read.namelist()} == {
        "a.txt": b"one two",
        "d/b.bin": packed,
    }


async def test_a_file_without_anything_in_it_is_left_out() -> None:
    sent = b"".join([part async for part in archive.zipped(files(File("a", of())))])
    assert ZipFile(io.BytesIO(sent)).namelist() == []


async def test_parts_are_sent_before_the_next_is_read() -> None:
    read: list[int] = []

    async def slow() -> AsyncGenerator[bytes]:
        for number in range(3):
            read.append(number)
            yield b"x" * 100

    sending = archive.zipped(files(File("a", slow(), packed=True)))
    first = await anext(sending)
    assert b"x" * 100 in first
    assert read == [0]
    await sending.aclose()


async def test_what_was_cut_is_no_archive() -> None:
    async def broken() -> AsyncGenerator[bytes]:
        yield b"a"
        raise ConnectionAbortedError

    sending = archive.zipped(files(File("a", broken(), packed=True)))
    sent = await anext(sending)
    with pytest.raises(ConnectionAbortedError):
        await anext(sending)
    with pytest.raises(BadZipFile):
        ZipFile(io.BytesIO(sent))


def test_nobody_goes_back_in_what_was_sent() -> None:
    outlet = archive.Outlet()
    assert not outlet.seekable()
    for ask in (outlet.tell, lambda: outlet.seek(0)):
        with pytest.raises(io.UnsupportedOperation):
            ask()
