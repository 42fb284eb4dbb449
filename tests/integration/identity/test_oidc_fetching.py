"""Asking an issuer that answers badly, late or not at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from folkmoot.identity.errors import IssuerAway
from folkmoot.identity.oidc import fetching

pytestmark = pytest.mark.anyio

HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"


@asynccontextmanager
async def answering(answer: bytes, *, silent: bool = False) -> AsyncIterator[tuple[str, list[str]]]:
    """Run a server that always says the same; yield its address and what it was asked."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).decode())
        if silent:
            await reader.read()
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/it", asked


async def refusal(url: str) -> object:
    with pytest.raises(IssuerAway) as refused:
        await fetching.get(url)
    return refused.value.members["reason"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (HEAD + b"no JSON", "its answer is no JSON"),
        (HEAD + b"[]", "its answer is no object"),
        (HEAD + b"x" * (fetching.LONGEST + 1), "its answer is too long"),
        (MOVED, "it answered 302"),
        (b"not even HTTP\r\n\r\n", "ClientResponseError"),
        (b"", "ServerDisconnectedError"),
    ],
)
async def test_what_is_no_good_answer_is_none(answer: bytes, reason: str) -> None:
    async with answering(answer) as (url, asked):
        assert await refusal(url) == reason
        assert len(asked) <= 2  # never somewhere else
        assert all(each.startswith("GET /it ") for each in asked)


async def test_an_issuer_that_says_nothing_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 0.1)
    async with answering(b"", silent=True) as (url, _):
        assert "Timeout" in str(await refusal(url))


@pytest.mark.parametrize(
    "url",
    ["http://login.example/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://10.0.0.1", ""],
)
async def test_nothing_is_asked_in_the_clear_beyond_this_machine(url: str) -> None:
    assert await refusal(url) == "its address is not https://"


async def test_this_machine_may_be_called_by_its_name() -> None:
    async with answering(HEAD + b'{"a": 1}') as (url, _):
        assert await fetching.get(url.replace("127.0.0.1", "localhost")) == {"a": 1}
