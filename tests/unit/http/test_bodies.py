"""Bodies: how large, how slow and how strange they may be."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from edge_app import LIMIT, application
from folkmoot.http.body_limit import BodyLimit
from folkmoot.http.strict_json import NotStrict, check
from serving import served

pytestmark = pytest.mark.anyio

UPLOAD = "/api/v1/collections/mine/documents"
PATHOLOGICAL = {
    "deep": b'{"a":' + b"[" * 60_000 + b"]" * 60_000 + b"}",
    "too deep for a person": b'{"a":' * 101 + b"1" + b"}" * 101,
    "not a number": b'{"a": NaN}',
    "infinite": b'{"a": 1e999}',
    "half a surrogate pair": rb'{"a": "\ud800"}',
    "NUL": rb'{"a": "\u0000"}',
    "NUL behind a backslash": rb'{"a": "\\\u0000"}',
    "raw NUL": b'{"a": "\0"}',
    "twice the same name": b'{"a": 1, "b": {"c": 1, "c": 2}}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "no UTF-8": b'{"a": "\xff"}',
    "half": b'{"a": ',
    "not JSON": b"<xml/>",
    "a number of 5,000 digits": b'{"a": ' + b"1" * 5000 + b"}",
    "long and broken": b'{"a": "' + b"x" * 100_000 + b'", "a": 1}',
    "a text that never ends": b"[" * 99 + b'\\"' * 32_000,
    "more than anybody means": b"[" + b"[]," * 60_000 + b"[]]",
}


@pytest.mark.parametrize("body", PATHOLOGICAL.values(), ids=PATHOLOGICAL)
async def test_a_strange_body_is_the_callers_fault(client: httpx.AsyncClient, body: bytes) -> None:
    for media_type in (
        b"application/json",
        b"application/vnd.api+json; charset=utf-8",
        b"application/json\xa0",
    ):
        headers = {b"Content-Type": media_type}
        answer = await client.post("/api/echo", content=body, headers=headers)
        assert answer.status_code == 400
        assert answer.json()["code"] == "malformed"


@pytest.mark.parametrize(
    "body",
    [
        {"a": "\\u0000 is how NUL is written", "b": "\U0001f600 \u00e9"},
        {"a": [[{"b": {}}] * 500] * 10, "c": '[[[{{{"'},
        {"deep": json.loads("[" * 98 + "]" * 98)},
        {"a": "x" * 150_000},
        {},
    ],
)
async def test_an_ordinary_body_arrives_as_it_was_sent(
    client: httpx.AsyncClient, body: dict[str, object]
) -> None:
    answer = await client.post("/api/echo", json=body)
    assert answer.json() == body


def test_what_is_no_json_is_seen_through_as_fast_as_what_is() -> None:
    def seconds(text: bytes) -> float:
        began = time.process_time()
        with pytest.raises(NotStrict):
            check(text)
        return time.process_time() - began

    for hostile in (b'\\"' * 500_000, b'"' + b'\\"' * 500_000, b"\\" * 1_000_000, b"[" * 1_000_000):
        assert seconds(b"[" * 99 + hostile) < 1


async def test_forms_and_addresses_contain_no_nul(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/form", data={"name": "Ada"})).json() == "Ada"
    assert (await client.post("/api/form", data={"name": "A\0"})).status_code == 400
    assert (await client.get("/api/limited?x=%00")).status_code == 400
    assert (await client.get("/api/agents/a%00/things/b")).status_code == 400


@pytest.mark.parametrize("path", ["/api/echo", "/api/raw", "/nowhere", UPLOAD])
async def test_an_announced_body_that_is_too_large_is_refused_before_it_is_sent(
    client: httpx.AsyncClient, path: str
) -> None:
    _, address = str(client.base_url).rstrip("/").split("//")
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    request = f"PUT {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n"
    writer.write(request.encode() + b"Content-Length: 1000000000\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(65536), 60)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in answer
    assert b'"code":"too_large"' in answer
    writer.close()


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "multipart/form-data"])
@pytest.mark.parametrize("path", ["/api/echo", "/api/form", "/nowhere"])
async def test_an_endless_body_is_cut_off(
    client: httpx.AsyncClient, media_type: str, path: str
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 1000 * LIMIT:
            sent += 50_000
            yield b" " * 50_000

    headers = {"Content-Type": media_type}
    try:
        answer = await client.post(path, content=endless(), headers=headers)
        assert answer.status_code == 413
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        pass  # the connection ended before the answer could be read
    assert sent < 500 * LIMIT


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "multipart/form-data"])
async def test_a_body_that_does_not_arrive_in_time_is_given_up(media_type: str) -> None:
    async with served(BodyLimit(application(), patience=0.05)) as address:
        host, port = address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {media_type}\r\n".encode())
        writer.write(b'Content-Length: 10\r\n\r\n{"a')
        answer = await asyncio.wait_for(reader.read(65536), 60)
        assert answer.startswith(b"HTTP/1.1 408")
        writer.close()


async def test_what_anybody_may_send_to_get_in_is_short(client: httpx.AsyncClient) -> None:
    for media_type in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
        headers = {"Content-Type": media_type}
        answer = await client.post("/api/v1/auth/token", content=b" " * 40_000, headers=headers)
        assert answer.status_code == 413


async def test_a_file_goes_to_its_route_piece_by_piece_whatever_its_size(
    client: httpx.AsyncClient,
) -> None:
    async def long() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * (LIMIT // 10)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await client.post(UPLOAD, content=long(), headers=headers)
    assert len(answer.json()["mine"]) > 1
    assert sum(answer.json()["mine"]) == 2 * LIMIT


async def test_a_body_whose_sender_left_is_never_acted_on() -> None:
    called = asyncio.Event()

    async def note(_scope: object, _receive: object, _send: object) -> None:
        called.set()

    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"12", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[object] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: object) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "path": "/",
        "query_string": b"",
        "headers": [(b"content-length", b"10")],
    }
    await BodyLimit(note)(scope, receive, send)
    assert not called.is_set()
    assert sent == []
