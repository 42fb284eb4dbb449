"""Heads of requests, and what else is no body: how long and how slow they may be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from edge_app import application
from folkmoot.http import protocol
from folkmoot.http.edge import EdgeOptions, edge
from serving import served

pytestmark = pytest.mark.anyio

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HEAD = b"GET /api/limited HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"POST /api/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[Streams]:
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Read to the end of the connection, even if the server broke it off."""
    try:
        return await asyncio.wait_for(reader.read(), 60)
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize("size", [60_000, 100_000, 250_000])
async def test_a_head_has_sixty_four_kilobytes_at_most(address: str, size: int) -> None:
    async with connected(address) as (reader, writer):
        writer.write(HEAD + b"X-Long: " + b"x" * size + b"\r\nConnection: close\r\n\r\n")
        answer = await rest(reader)
    if size < protocol.HEAD_BYTES:
        assert answer.startswith(b"HTTP/1.1 429")
    else:
        assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large")
        assert b"application/problem+json" in answer
        assert b'"code":"head_too_large"' in answer


@pytest.mark.parametrize(
    ("begun", "more"),
    [
        (b"GET /", b"x"),
        (HEAD + b"X-", b"x"),
        (HEAD + b"X-Long: ", b"x"),
        (HEAD, b"X: y\r\n"),
        (CHUNKED + b"1;", b"x"),
        (CHUNKED + b"1\r\nx\r\n0\r\nX-Trailer: ", b"x"),
        (CHUNKED + b"1\r\nx\r\n0\r\n", b"X: y\r\n"),
    ],
)
async def test_a_head_a_chunks_extension_or_trailers_without_end_end_the_connection(
    address: str, begun: bytes, more: bytes
) -> None:
    async def send(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(more * 10_000)
            await writer.drain()

    async with connected(address) as (_, writer):
        writer.write(begun)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            await asyncio.wait_for(send(writer), 60)


@pytest.mark.parametrize("begun", [b"", HEAD, HEAD + b"\r\n" + HEAD])
async def test_a_head_that_does_not_come_in_time_is_not_waited_for(
    begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)
    async with (
        served(edge(application(), EdgeOptions())) as address,
        connected(address) as (reader, writer),
    ):
        writer.write(begun)
        answer = await rest(reader)
    assert answer.count(b"HTTP/1.1") == (1 if b"\r\n\r\n" in begun else 0)


async def test_requests_that_come_at_once_are_all_answered_in_turn(address: str) -> None:
    body = b"x" * 100_000
    first = b"PUT /api/raw HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + body
    async with connected(address) as (reader, writer):
        writer.write(first + (HEAD + b"\r\n") * 20 + HEAD + b"Connection: close\r\n\r\n")
        answer = await rest(reader)
    assert (answer.count(b"HTTP/1.1 200"), answer.count(b"HTTP/1.1 429")) == (1, 21)
