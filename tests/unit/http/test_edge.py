"""The edge: what every request passes, whatever the application does with it."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Annotated, Any

import httpx
import pytest
import structlog
from fastapi import APIRouter, FastAPI, Form
from pydantic import JsonValue
from starlette.responses import HTMLResponse, StreamingResponse

from folkmoot.http import problems
from folkmoot.http.body_limit import BodyLimit
from folkmoot.http.edge import EdgeOptions, edge
from folkmoot.kit.errors import RateLimited
from folkmoot.kit.telemetry import logs, metrics
from serving import served

pytestmark = pytest.mark.anyio

LIMIT = 200_000


def application() -> FastAPI:
    """An application with a bit of everything."""
    app = FastAPI(openapi_url=None, max_body_size=LIMIT)
    problems.install(app)
    api = APIRouter(prefix="/api")

    @api.post("/echo")
    async def echo(body: dict[str, JsonValue]) -> dict[str, JsonValue]:
        structlog.get_logger().info("echoing")
        return body

    @api.post("/form")
    async def form(name: Annotated[str, Form()]) -> str:
        return name

    @api.put("/raw")
    async def raw() -> str:
        return "unread"

    @api.get("/agents/{agent_id}/things/{thing}")
    async def thing(agent_id: str, thing: str) -> dict[str, str]:
        return {"agent": agent_id, "thing": thing}

    @api.get("/fail")
    async def fail() -> None:
        raise RuntimeError("sk-proj-aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG is in the message")

    @api.get("/limited")
    async def limited() -> None:
        raise RateLimited("Slow down.", retry_after=7)

    @api.get("/page")
    async def page() -> HTMLResponse:
        return HTMLResponse("<p>", headers={"Content-Security-Policy": "sandbox"})

    @api.get("/breaks")
    async def breaks() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"half"
            raise RuntimeError("in the middle")

        return StreamingResponse(pieces())

    app.include_router(api)
    return app


@pytest.fixture
def page() -> Iterator[io.BytesIO]:
    """Collect log lines."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    page = io.BytesIO()
    logs.configure(stream=page)
    yield page
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


class Clients:
    """Opens clients of the application behind an edge with some options."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    async def __call__(self, **options: Any) -> httpx.AsyncClient:
        guarded = edge(application(), EdgeOptions(body_limit=LIMIT, **options))
        address = await self._stack.enter_async_context(served(guarded))
        return await self._stack.enter_async_context(httpx.AsyncClient(base_url=address))


@pytest.fixture
async def open_client() -> AsyncIterator[Clients]:
    async with AsyncExitStack() as stack:
        yield Clients(stack)


@pytest.fixture(scope="module")
async def address() -> AsyncIterator[str]:
    """One server with the default options for all tests."""
    async with served(edge(application(), EdgeOptions(body_limit=LIMIT))) as address:
        yield address


@pytest.fixture
async def client(address: str, page: io.BytesIO) -> AsyncIterator[httpx.AsyncClient]:
    assert page.getvalue() == b""
    async with httpx.AsyncClient(base_url=address) as client:
        yield client


def lines(page: io.BytesIO, event: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in page.getvalue().splitlines()]
    return [line for line in found if line["event"] == event]


async def test_a_request_id_goes_in_and_out_and_into_the_log(
    client: httpx.AsyncClient, page: io.BytesIO
) -> None:
    answer = await client.post("/api/echo", json={}, headers={"X-Request-ID": "mine-1.2:3"})
    assert answer.headers["x-request-id"] == "mine-1.2:3"
    assert lines(page, "echoing")[0]["request_id"] == "mine-1.2:3"
    assert lines(page, "request.answered")[0]["request_id"] == "mine-1.2:3"


@pytest.mark.parametrize("hostile", ["", "a b", "x" * 129, "<script>", "..%0d%0a", "\u00e4"])
async def test_a_request_id_that_could_do_harm_is_replaced(
    client: httpx.AsyncClient, hostile: str
) -> None:
    answer = await client.get("/api/limited", headers={b"X-Request-ID": hostile.encode()})
    assert len(answer.headers["x-request-id"]) == 36
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_two_requests_at_once_keep_their_own_ids(
    client: httpx.AsyncClient, page: io.BytesIO
) -> None:
    wanted = [f"r-{number}" for number in range(50)]
    await asyncio.gather(
        *(client.post("/api/echo", json={}, headers={"X-Request-ID": each}) for each in wanted)
    )
    assert sorted(line["request_id"] for line in lines(page, "echoing")) == sorted(wanted)


async def test_the_log_has_one_line_a_request_with_the_route_and_without_path_and_query(
    client: httpx.AsyncClient, page: io.BytesIO
) -> None:
    await client.get("/api/agents/chat/things/private?token=hidden")
    await client.get("/nowhere/private?token=hidden")
    found, missing = lines(page, "request.answered")
    assert found["route"] == "/api/agents/{agent_id}/things/{thing}"
    assert (found["method"], found["status"], found["bytes"]) == ("GET", 200, 34)
    assert found["ms"] >= 0
    assert (missing["route"], missing["status"]) == ("(no route)", 404)
    assert b"private" not in page.getvalue()
    assert b"hidden" not in page.getvalue()


async def test_requests_are_counted_by_route_agent_and_status(client: httpx.AsyncClient) -> None:
    labels = {"endpoint": "/api/agents/{agent_id}/things/{thing}", "status": "200"}

    def count(**more: str) -> float:
        value = metrics.REGISTRY.get_sample_value("request_count_total", {**labels, **more})
        return value or 0

    before = count(agent_id="counted")
    await client.get("/api/agents/counted/things/x")
    assert count(agent_id="counted") == before + 1


async def test_an_unexpected_error_says_nothing_outside_and_is_logged_once_without_secrets(
    client: httpx.AsyncClient, page: io.BytesIO
) -> None:
    answer = await client.get("/api/fail")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "message" not in answer.text
    assert page.getvalue().count(b"RuntimeError:") == 1
    assert b"sk-proj" not in page.getvalue()
    assert lines(page, "request.failed")[0]["request_id"] == answer.headers["x-request-id"]


async def test_an_error_in_the_middle_of_a_stream_breaks_the_connection_and_is_logged(
    client: httpx.AsyncClient, page: io.BytesIO
) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get("/api/breaks")
    assert page.getvalue().count(b"RuntimeError: in the middle") == 1


async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient) -> None:
    for path in ("/api/agents/a/things/b", "/nowhere", "/api/fail", "/api/limited"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "geolocation=()" in headers["permissions-policy"]
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in headers


async def test_the_documentation_and_pages_with_a_policy_of_their_own_keep_theirs(
    client: httpx.AsyncClient,
) -> None:
    assert "script-src 'self'" in (await client.get("/docs")).headers["content-security-policy"]
    assert (await client.get("/api/page")).headers["content-security-policy"] == "sandbox"


async def test_production_tells_browsers_to_come_by_https_only(open_client: Clients) -> None:
    client = await open_client(https_only=True)
    answer = await client.get("/api/limited")
    assert answer.headers["strict-transport-security"].startswith("max-age=63072000")
    assert answer.headers["retry-after"] == "7"


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
}


@pytest.mark.parametrize("body", PATHOLOGICAL.values(), ids=PATHOLOGICAL)
async def test_a_strange_body_is_the_callers_fault(client: httpx.AsyncClient, body: bytes) -> None:
    for media_type in ("application/json", "application/vnd.api+json; charset=utf-8"):
        answer = await client.post("/api/echo", content=body, headers={"Content-Type": media_type})
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


async def test_forms_and_addresses_contain_no_nul(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/form", data={"name": "Ada"})).json() == "Ada"
    assert (await client.post("/api/form", data={"name": "A\0"})).status_code == 400
    assert (await client.get("/api/limited?x=%00")).status_code == 400
    assert (await client.get("/api/agents/a%00/things/b")).status_code == 400


@pytest.mark.parametrize("path", ["/api/echo", "/api/raw", "/nowhere"])
async def test_an_announced_body_that_is_too_large_is_refused_before_it_is_sent(
    client: httpx.AsyncClient, path: str
) -> None:
    _, address = str(client.base_url).rstrip("/").split("//")
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    request = f"PUT {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n"
    writer.write(request.encode() + b"Content-Length: 1000000000\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(65536), 5)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in answer
    assert b'"code":"too_large"' in answer
    writer.close()


@pytest.mark.parametrize("media_type", ["application/json", "application/octet-stream"])
@pytest.mark.parametrize(("path", "status"), [("/api/echo", 413), ("/nowhere", 404)])
async def test_an_endless_body_is_cut_off(
    client: httpx.AsyncClient, media_type: str, path: str, status: int
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
        assert answer.status_code in {status, 413}
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        pass  # the connection ended before the answer could be read
    assert sent < 500 * LIMIT


async def test_a_body_that_does_not_arrive_in_time_is_given_up() -> None:
    async with served(BodyLimit(application(), patience=0.05)) as address:
        host, port = address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        writer.write(b'Content-Length: 10\r\n\r\n{"a')
        answer = await asyncio.wait_for(reader.read(65536), 5)
        assert answer.startswith(b"HTTP/1.1 408")
        writer.close()


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
        "headers": [(b"content-type", b"application/json")],
    }
    await BodyLimit(note)(scope, receive, send)
    assert not called.is_set()
    assert sent == []


async def test_an_untrusted_host_gets_a_problem(open_client: Clients) -> None:
    client = await open_client(trusted_hosts=["api.example.com", "*.example.org"])
    for host, status in {
        "api.example.com": 404,
        "a.example.org:8000": 404,
        "evil.example.com": 400,
        "example.com": 400,
        "[": 400,
    }.items():
        answer = await client.get("/nowhere", headers={"Host": host})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


async def test_other_origins_are_told_nothing_unless_they_are_configured(
    client: httpx.AsyncClient, open_client: Clients
) -> None:
    asking = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
    refused = await client.options("/api/echo", headers=asking)
    assert "access-control-allow-origin" not in refused.headers
    plain = await client.post("/api/echo", json={}, headers={"Origin": "https://app.example.com"})
    assert "access-control-allow-origin" not in plain.headers

    configured = await open_client(cors_origins=["https://app.example.com"])
    allowed = await configured.options("/api/echo", headers=asking)
    assert allowed.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "access-control-allow-credentials" not in allowed.headers
    other = await configured.options("/api/echo", headers={**asking, "Origin": "https://evil.com"})
    assert "access-control-allow-origin" not in other.headers
    assert other.headers["content-type"] == "application/problem+json"


async def test_what_is_no_http_passes_untouched() -> None:
    seen: list[str] = []

    async def app(scope: Any, _receive: object, _send: object) -> None:
        seen.append(scope["type"])

    async def nothing() -> dict[str, Any]:
        return {"type": "lifespan.startup"}

    async def drop(_message: object) -> None: ...

    await edge(app, EdgeOptions())({"type": "lifespan"}, nothing, drop)
    assert seen == ["lifespan"]
