"""Which answers are compressed, and which never are."""

import json
from collections.abc import Mapping

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from folkmoot.http.compression import LONG, SHORTEST, Compression

pytestmark = pytest.mark.anyio

GZIP = {"Accept-Encoding": "br, gzip"}


async def answer(request: Request) -> Response:
    size, kind = int(request.query_params["size"]), request.query_params.get("kind", "json")
    text = "x" * (size - 2)
    if kind == "stream":
        pieces = iter([b'"', text.encode(), b'"'])
        headers = {"Content-Length": str(size)}
        return StreamingResponse(pieces, media_type="application/json", headers=headers)
    if kind == "events":
        return StreamingResponse(iter([text]), media_type="text/event-stream")
    headers = {"ETag": '"tag"'} if kind == "tagged" else {}
    return JSONResponse(text, headers=headers)


async def ask(size: int, headers: Mapping[str, str] = GZIP, kind: str = "json") -> httpx.Response:
    app = Compression(Starlette(routes=[Route("/", answer)]))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        return await client.get("/", params={"size": size, "kind": kind}, headers=headers)


@pytest.mark.parametrize("size", [SHORTEST, LONG - 1, LONG, 10 * LONG])
async def test_a_long_answer_is_compressed_for_who_takes_it(size: int) -> None:
    answered = await ask(size)
    assert answered.headers["content-encoding"] == "gzip"
    assert answered.headers["vary"] == "Accept-Encoding"
    assert int(answered.headers["content-length"]) < size / 5
    assert json.loads(answered.content) == "x" * (size - 2)


@pytest.mark.parametrize(
    ("size", "headers", "kind"),
    [
        (SHORTEST - 1, GZIP, "json"),
        (LONG, {"Accept-Encoding": "identity"}, "json"),
        (LONG, {"Accept-Encoding": "gzip; q=0"}, "json"),
        (LONG, GZIP, "stream"),
        (LONG, GZIP, "events"),
        (LONG, GZIP, "tagged"),
    ],
)
async def test_what_is_short_tagged_streamed_or_not_wanted_goes_out_as_it_is(
    size: int, headers: dict[str, str], kind: str
) -> None:
    answered = await ask(size, headers, kind)
    assert "content-encoding" not in answered.headers
    assert len(answered.content) == size - (2 if kind == "events" else 0)
