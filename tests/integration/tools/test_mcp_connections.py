"""Connections to MCP servers: real ones, hostile ones, and none too many."""

import asyncio
import gzip
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from folkmoot.kit.ids import McpServerId, UserId, new_id
from folkmoot.kit.outbound.client import Outbound
from folkmoot.kit.outbound.rules import Rules
from folkmoot.tools.mcp import connection as connection_module
from folkmoot.tools.mcp.connections import Connections, Key
from folkmoot.tools.mcp.errors import (
    McpAnswerUnusable,
    McpConnectionsExhausted,
    McpCredentialRefused,
    McpError,
    McpRefused,
    McpServerGone,
    McpServerTooSlow,
)
from folkmoot.tools.mcp.models import Transport
from folkmoot.tools.mcp.ports import Address
from mcp_peers import (
    MIB,
    SPEAKS,
    Answer,
    Peer,
    Scripted,
    answering,
    die,
    flood,
    hang,
    peer,
    peering,
    replied,
)

pytestmark = pytest.mark.anyio

NEAR = Outbound(Rules.of(["127.0.0.1"]))


PATIENCE = 60.0


def address(url: str, **changes: Any) -> Address:
    values: dict[str, Any] = {"transport": Transport.HTTP, "url": url, "seconds": 10.0}
    return Address(**(values | changes))


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - nothing tells when a connection is cleared away
            await asyncio.sleep(0.01)


def key() -> Key:
    return Key(McpServerId(new_id()), new_id(), UserId(new_id()), b"")


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    made = Connections(NEAR)
    yield made
    await made.aclose()
    assert len(made) == 0


@pytest.fixture
async def tickets() -> AsyncIterator[Peer]:
    async with peering(peer()) as served:
        yield served


@pytest.mark.core
async def test_a_tool_is_listed_and_called(connections: Connections, tickets: Peer) -> None:
    async with connections.borrowed(key(), address(tickets.url)) as connection:
        listing = await connection.listing()
        assert {"find", "close", "fail", "sleep", "shout"} == set(listing.tools)
        find = listing.tools["find"]
        assert (find.description, find.hints) == ("Finds tickets by words.", {"read_only": True})
        assert find.parameters["required"] == ["words"]
        assert await connection.call("find", {"words": "printers"}) == "Ticket 7 is about printers."
        about = await connection.about()
        assert (about["name"], about["version"]) == ("Tickets", "2.1.0")
        offer = await connection.offer()
        assert offer.prompts == [("triage", "Sorts new tickets.")]
        assert offer.resources == [("tickets://open", "Open tickets", "text/plain")]


async def test_servers_that_speak_by_events_alone_are_asked_too(connections: Connections) -> None:
    async with peering(peer(), sse=True) as old:
        where = address(old.url, transport=Transport.SSE)
        async with connections.borrowed(key(), where) as connection:
            assert "find" in (await connection.listing()).tools
            said = await connection.call("find", {"words": "printers"})
            assert said == "Ticket 7 is about printers."
        await connections.aclose()


async def test_servers_of_the_protocol_before_this_one_are_asked_too(
    connections: Connections,
) -> None:
    old = Scripted()
    async with answering(old) as url, connections.borrowed(key(), address(url)) as connection:
        assert list((await connection.listing()).tools) == ["look"]
        assert await connection.call("look", {}) == "Seen."
        assert (await connection.about())["protocol"] == "2025-06-18"
        assert old.asked[:2] == ["server/discover", "initialize"]
        await connections.aclose()


async def test_what_a_server_has_is_read_page_by_page_and_not_for_ever(
    connections: Connections,
) -> None:
    async def introduce(request: Request) -> Response:
        has: dict[str, Any] = {"tools": {}, "prompts": {}, "resources": {}}
        return replied(await request.json(), SPEAKS | {"capabilities": has})

    async def few(request: Request) -> Response:
        sent = await request.json()
        last = "cursor" in sent.get("params", {})
        return replied(
            sent, {"prompts": [{"name": str(last)}], **({} if last else {"nextCursor": "2"})}
        )

    async def endless(request: Request) -> Response:
        entry = {"uri": "tickets://one", "name": "One"}
        return replied(await request.json(), {"resources": [entry] * 7, "nextCursor": "on"})

    pages: list[tuple[str, Answer]] = [
        ("initialize", introduce),
        ("prompts/list", few),
        ("resources/list", endless),
    ]
    paged = Scripted(instead=dict(pages))
    async with answering(paged) as url, connections.borrowed(key(), address(url)) as connection:
        offer = await connection.offer()
        await connections.aclose()
    assert [name for name, _ in offer.prompts] == ["False", "True"]
    assert len(offer.resources) == 100
    assert paged.asked.count("resources/list") == 15


async def test_a_tool_that_fails_says_so(connections: Connections, tickets: Peer) -> None:
    async with connections.borrowed(key(), address(tickets.url)) as connection:
        with pytest.raises(McpRefused, match="The shelf is empty"):
            await connection.call("fail", {})
        assert not connection.worn


async def test_a_secret_is_sent_with_every_request(connections: Connections, tickets: Peer) -> None:
    where = address(tickets.url, headers={"Authorization": "Bearer of-the-mine"})
    async with connections.borrowed(key(), where) as connection:
        await connection.listing()
    assert {each.get("authorization") for each in tickets.headers} == {"Bearer of-the-mine"}
    assert {each.get("accept-encoding") for each in tickets.headers} == {"identity"}
    assert "of-the-mine" not in repr(where)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_server_that_wants_another_credential_is_told_apart(
    connections: Connections, status: int
) -> None:
    async def refuse(_request: Request) -> Response:
        return Response(status_code=status)

    async with answering(refuse) as url, connections.fresh(address(url)) as connection:
        with pytest.raises(McpCredentialRefused):
            await connection.listing()


async def refuse_connection(connections: Connections, url: str) -> None:
    async with connections.fresh(address(url)) as connection:
        with pytest.raises(McpServerGone):
            await connection.listing()


async def test_where_nobody_listens_and_where_nobody_may_go_are_answered_alike(
    connections: Connections, tickets: Peer
) -> None:
    await refuse_connection(connections, "http://127.0.0.1:1/mcp")
    guarded = Connections(Outbound())
    for url in (tickets.url, "http://169.254.169.254/latest", "http://[::ffff:127.0.0.1]/mcp"):
        await refuse_connection(guarded, url)
    await guarded.aclose()
    assert tickets.headers == []


async def test_a_name_is_checked_each_time_and_what_was_checked_is_connected_to(
    tickets: Peer,
) -> None:
    port = tickets.url.split(":")[2].removesuffix("/mcp")
    found = ["127.0.0.1"]

    async def look_up(_host: str, _port: int) -> list[str]:
        return found

    rules = Rules.of([f"127.0.0.1:{port}"])
    connections = Connections(Outbound(rules, look_up))
    where = address(f"http://tickets.example:{port}/mcp")
    async with connections.borrowed(key(), where) as connection:
        with pytest.raises(McpError):  # the library's server takes no name that it does not know
            await connection.listing()
    assert {each["host"] for each in tickets.headers} == {f"tickets.example:{port}"}
    asked = len(tickets.headers)
    found[:] = ["127.0.0.1", "10.0.0.1"]
    await refuse_connection(connections, where.url)
    assert len(tickets.headers) == asked
    await connections.aclose()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_no_redirect_leads_anywhere_else(
    connections: Connections, tickets: Peer, status: int
) -> None:
    async def lead(_request: Request) -> Response:
        return RedirectResponse(tickets.url, status)

    async with answering(lead) as url, connections.fresh(address(url)) as connection:
        with pytest.raises(McpError):
            await connection.listing()
    assert tickets.headers == []


async def call_badly(connections: Connections, behaviour: Answer, **changes: Any) -> McpError:
    """Call a tool of a server that behaves badly when it is called; return what came of it."""
    bad = Scripted(instead={"tools/call": behaviour})
    async with answering(bad) as url:
        async with connections.borrowed(key(), address(url, **changes)) as connection:
            assert "look" in (await connection.listing()).tools
            with pytest.raises(McpError) as failure:
                await connection.call("look", {})
            assert connection.worn
        await connections.aclose()
    return failure.value


async def test_a_server_that_hangs_costs_no_more_than_its_time(connections: Connections) -> None:
    failure = await call_badly(connections, hang, seconds=0.3)
    assert isinstance(failure, McpServerTooSlow)


async def test_a_server_that_dies_in_a_call_is_gone(connections: Connections) -> None:
    assert isinstance(await call_badly(connections, die), McpServerGone)


async def test_an_answer_of_50_mb_is_not_read_to_its_end(connections: Connections) -> None:
    tracemalloc.start()
    try:
        failure = await call_badly(connections, flood)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(failure, McpAnswerUnusable)
    assert "too large" in failure.detail
    assert peak < 40 * MIB


async def test_an_event_of_50_mb_is_not_read_to_its_end(
    connections: Connections, tickets: Peer
) -> None:
    async with connections.borrowed(key(), address(tickets.url)) as connection:
        await connection.listing()
        with pytest.raises(McpError):
            await connection.call("shout", {})


async def test_what_is_packed_is_refused(connections: Connections) -> None:
    async def pack(_request: Request) -> Response:
        return Response(
            gzip.compress(b"{}"), 200, {"content-encoding": "gzip"}, media_type="application/json"
        )

    failure = await call_badly(connections, pack)
    assert isinstance(failure, McpAnswerUnusable)
    assert "packed" in failure.detail


async def test_what_is_not_the_protocol_is_no_answer(connections: Connections) -> None:
    async def chat(_request: Request) -> Response:
        return HTMLResponse("<h1>Welcome</h1>")

    async with answering(chat) as url, connections.fresh(address(url)) as connection:
        with pytest.raises(McpError):
            await connection.listing()


async def test_a_server_that_never_answers_is_given_up_soon(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "OPENING", 0.3)
    async with answering(hang) as url:
        async with connections.fresh(address(url)) as connection:
            with pytest.raises(McpServerGone):
                await connection.listing()
        await connections.aclose()


async def test_whoever_stops_waiting_is_not_held_up_and_leaves_nothing_behind(
    connections: Connections, tickets: Peer
) -> None:
    whose = key()
    async with connections.borrowed(whose, address(tickets.url)) as connection:
        await connection.listing()
        asking = asyncio.create_task(connection.call("sleep", {}))
        await until(lambda: tickets.calls == [("sleep", None)])
        asking.cancel()
        started = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert time.monotonic() - started < 10
        assert connection.worn
    await until(lambda: len(connections) == 0)
    async with connections.borrowed(whose, address(tickets.url)) as another:
        assert another is not connection
        assert "find" in (await another.listing()).tools


async def test_one_that_fails_takes_no_other_call_along(
    connections: Connections, tickets: Peer
) -> None:
    where = address(tickets.url, seconds=30.0)
    async with connections.borrowed(key(), where) as connection:
        await connection.listing()
        asking = asyncio.create_task(connection.call("sleep", {}))
        await until(lambda: len(tickets.calls) == 1)
        said = asyncio.create_task(connection.call("find", {"words": "a"}))
        asking.cancel()
        assert await said == "Ticket 7 is about a."


async def test_a_connection_is_shared_and_closed_when_nobody_has_used_it_for_a_while(
    tickets: Peer,
) -> None:
    connections, whose = Connections(NEAR, idle=0.2), key()
    async with connections.borrowed(whose, address(tickets.url)) as first:
        await first.listing()
    async with connections.borrowed(whose, address(tickets.url)) as second:
        assert second is first
        async with connections.borrowed(key(), address(tickets.url)) as other:
            assert other is not first
    assert len(connections) == 2
    await until(lambda: len(connections) == 0)


async def test_there_are_never_more_connections_than_there_may_be(tickets: Peer) -> None:
    connections, where = Connections(NEAR, most=2), address(tickets.url)
    async with (
        connections.borrowed(key(), where) as first,
        connections.borrowed(key(), where) as second,
    ):
        for connection in (first, second):
            await connection.listing()
        with pytest.raises(McpConnectionsExhausted):
            async with connections.borrowed(key(), where):
                pass
    async with connections.borrowed(key(), where) as third:
        await third.listing()
    await until(lambda: len(connections) <= 2)
    await connections.aclose()
    assert len(connections) == 0


async def test_a_broken_connection_is_not_lent_again(connections: Connections) -> None:
    whose = key()
    broken = Scripted(instead={"tools/call": die})
    async with answering(broken) as url:
        async with connections.borrowed(whose, address(url)) as connection:
            await connection.listing()
            with pytest.raises(McpServerGone):
                await connection.call("look", {})
        del broken.instead["tools/call"]
        async with connections.borrowed(whose, address(url)) as another:
            assert another is not connection
            assert await another.call("look", {}) == "Seen."
        await connections.aclose()
