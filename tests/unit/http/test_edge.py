"""The edge: what every request passes, whatever the application does with it."""

import asyncio
import io
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from edge_app import application
from folkmoot.http.edge import EdgeOptions, edge
from folkmoot.http.sse import EventStream, Write
from folkmoot.kit.telemetry import metrics
from serving import served

pytestmark = pytest.mark.anyio

Clients = Callable[..., Awaitable[httpx.AsyncClient]]


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


async def test_what_has_made_a_stream_is_gone_while_it_goes_on(page: io.BytesIO) -> None:
    order: list[str] = []

    class Source:
        async def serve(self, send: Write) -> None:
            order.append("streaming")
            await send(b"half", more=True)
            if len(order) > 2:
                raise RuntimeError("in the middle of a stream")

        def leave(self) -> None: ...

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await EventStream(Source())(scope, receive, send)
            order.append("made")
        else:
            await application()(scope, receive, send)

    async with served(edge(app, EdgeOptions())) as address, httpx.AsyncClient() as client:
        assert (await client.get(address)).text == "half"
        assert order == ["made", "streaming"]
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(address)
    assert [line["bytes"] for line in lines(page, "request.answered")] == [4, 4]
    assert page.getvalue().count(b"RuntimeError: in the middle of a stream") == 1


async def test_an_error_that_nobody_rendered_is_logged_too(page: io.BytesIO) -> None:
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            raise RuntimeError("outside the application")
        await application()(scope, receive, send)

    async with served(edge(failing, EdgeOptions())) as address, httpx.AsyncClient() as client:
        assert (await client.get(address)).status_code == 500
    assert page.getvalue().count(b"RuntimeError: outside") == 1


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
    page = await client.get("/docs")
    for asset in re.findall(r'(?:href|src)="([^"]+)"', page.text):
        assert (await client.get(asset)).status_code == 200
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert (await client.get("/api/page")).headers["content-security-policy"] == "sandbox"


async def test_production_tells_browsers_to_come_by_https_only(open_client: Clients) -> None:
    client = await open_client(https_only=True)
    answer = await client.get("/api/limited")
    assert answer.headers["strict-transport-security"].startswith("max-age=63072000")
    assert answer.headers["retry-after"] == "7"


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
