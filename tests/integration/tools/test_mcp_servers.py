"""Whose MCP servers are, who may change them, and what is never told of them."""

import logging
from typing import Any
from uuid import UUID

import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from approving import results
from folkmoot.kit.ids import OrgId, UserId, new_id
from folkmoot.kit.personal import Person as Whom
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says
from folkmoot.tools.mcp.personal import OwnMcpServers
from mcp_peers import Peer, Scripted, answering, peer, peering, refused, replied
from mcp_people import Person, Scene, offered
from whole import join, person, rows_with

pytestmark = pytest.mark.anyio

SECRET = "of-the-mine-0123456789abcdef"


async def another(scene: Scene, name: str) -> Person:
    return Person(scene, await person(scene.client, f"{name}-{new_id().hex}"))


@pytest.fixture
async def linus(scene: Scene, grace: Person) -> Person:
    """A member of Grace's organisation."""
    who = await another(scene, "linus")
    await join(grace.caller, who.caller)
    return who


@pytest.fixture
async def eve(scene: Scene) -> Person:
    """Somebody of another organisation."""
    return await another(scene, "eve")


async def told(who: Person) -> set[str]:
    """Return the names of the servers' tools that a model is told of."""
    who.scene.provider.script([says("No.")])
    await who.ask("What can you do?", workflow="tools")
    return {name for name in offered(who.scene.provider) if "__" in name}


async def test_ones_own_servers_are_used_by_ones_own_runs_only(
    grace: Person, linus: Person, eve: Person, tickets: Peer, provider: FakeProvider
) -> None:
    own = await grace.name(tickets.url)
    await grace.enable(own, "find")
    assert await told(grace) == {"tickets__find"}
    for other in (linus, eve):
        assert await told(other) == set()
        assert (await other.call("GET"))["items"] == []
        assert await other.refused("GET", f"/{own}/tools") == (404, "mcp_server_not_found")
        (result,) = results(await other.uses("tickets__find", {"words": "printers"}))
        assert "There is no tool with this name" in result
    assert tickets.calls == []
    assert provider.chats


async def test_everybody_uses_the_servers_of_their_organization_and_admins_change_them(
    grace: Person, linus: Person, eve: Person, tickets: Peer
) -> None:
    shared = await grace.name(tickets.url, scope="organization")
    await grace.enable(shared, "find")
    assert await told(linus) == {"tickets__find"}
    assert await told(eve) == set()
    (shown,) = (await linus.call("GET"))["items"]
    assert (shown["id"], shown["scope"]) == (shared, "organization")
    for method, path, data in (
        ("PATCH", "", {"name": "mine"}),
        ("DELETE", "", None),
        ("POST", "/test", None),
        ("PATCH", "/tools", {"tools": [{"name": "find", "enabled": False}]}),
    ):
        assert await linus.refused(method, f"/{shared}{path}", data) == (403, "permission_denied")
        absent = await eve.refused(method, f"/{new_id()}{path}", data)
        assert await eve.refused(method, f"/{shared}{path}", data) == absent
    mine = {"name": "mine", "url": tickets.url, "scope": "organization"}
    assert (await linus.refused("POST", data=mine))[0] == 403


async def test_the_nearest_server_of_a_name_counts(
    grace: Person, linus: Person, tickets: Peer
) -> None:
    await grace.enable(await grace.name(tickets.url, scope="organization"), "find", "fail")
    async with peering(peer("Mine")) as mine:
        await linus.enable(await linus.name(mine.url), "find")
        assert await told(linus) == {"tickets__find"}
        assert await told(grace) == {"tickets__find", "tickets__fail"}
        await linus.uses("tickets__find", {"words": "a"})
        assert (mine.calls, tickets.calls) == ([("find", "a")], [])


async def test_servers_of_those_who_leave_go_with_them(
    grace: Person, linus: Person, tickets: Peer
) -> None:
    await linus.name(tickets.url, "leaving")
    org, user = grace.caller.place, linus.caller.id
    path = f"/api/v1/organizations/{org}/members/{user}"
    assert (await grace.caller.ask("DELETE", path)).is_success
    assert "mcp_servers" not in rows_with(grace.scene.superuser, user)


async def test_what_people_have_named_is_theirs_to_take_along_and_to_have_erased(
    grace: Person, linus: Person, tickets: Peer
) -> None:
    for who in (grace, linus):
        await who.enable(await who.name(tickets.url), "find")
    org, user = OrgId(UUID(linus.caller.place)), UserId(UUID(linus.caller.id))
    whom = Whom(user_id=user, places=(org,))
    kept = OwnMcpServers(grace.scene.parts.database, grace.scene.parts.mcp.revocations)
    (file,) = [each async for each in kept.export(whom)]
    told = b"".join([each async for each in file.parts]).decode()
    assert file.name.endswith("mcp_servers.jsonl")
    assert told.count("\n") == 1
    assert tickets.url in told
    await kept.erase(whom)
    assert (await linus.call("GET"))["items"] == []
    assert len((await grace.call("GET"))["items"]) == 1


async def test_what_was_not_looked_at_is_not_enabled(grace: Person, tickets: Peer) -> None:
    server = await grace.name(tickets.url)
    await grace.call("POST", f"/{server}/test")
    find = (await grace.tools(server))["find"]
    assert (find["enabled"], find["asks"]) == (False, "never")
    path, change = f"/{server}/tools", {"name": "find", "enabled": True}
    changed = (409, "mcp_tool_changed")
    assert await grace.refused("PATCH", path, {"tools": [change]}) == changed
    stale = change | {"fingerprint": "0" * 64}
    assert await grace.refused("PATCH", path, {"tools": [stale]}) == changed
    assert await grace.refused("PATCH", path, {"tools": [change | {"name": "gone"}]}) == (
        404,
        "mcp_tool_not_found",
    )
    await grace.enable(server, "find")
    async with peering(peer()) as elsewhere:
        await grace.call("PATCH", f"/{server}", {"url": elsewhere.url})
    assert not (await grace.tools(server))["find"]["enabled"]


async def test_a_server_tells_what_it_has(grace: Person, tickets: Peer) -> None:
    tried = await grace.call("POST", f"/{await grace.name(tickets.url)}/test")
    assert (tried["ok"], tried["tools"], tried["left_out"]) == (True, 5, 0)
    assert tried["about"] | {"protocol": ""} == {
        "name": "Tickets",
        "version": "2.1.0",
        "protocol": "",
    }
    assert set(tried["added"]) == {"find", "close", "fail", "sleep", "shout"}
    assert tried["prompts"] == [{"name": "triage", "description": "Sorts new tickets."}]
    assert [each["uri"] for each in tried["resources"]] == ["tickets://open"]


async def test_what_can_be_changed_of_a_server_is_changed(grace: Person, tickets: Peer) -> None:
    server = await grace.name(tickets.url, auth="secret", secret="ticket_token")
    path = f"/{server}"
    changed = await grace.call("PATCH", path, {"name": "other", "timeout_seconds": 5})
    assert (changed["name"], changed["timeout_seconds"], changed["secret"]) == (
        "other",
        5,
        "ticket_token",
    )
    for unfit in ({"header": "Host"}, {"header": "Mcp-Session-Id"}, {"auth": "none", "url": "x"}):
        assert (await grace.refused("PATCH", path, unfit))[0] == 422
    assert (await grace.call("PATCH", path, {"auth": "none"}))["secret"] is None
    other = await grace.name(tickets.url, "second")
    assert await grace.refused("PATCH", f"/{other}", {"name": "other"}) == (409, "mcp_name_taken")
    assert await grace.refused("PATCH", path, {"auth": "secret"}) == (422, "mcp_server_unfit")
    await grace.call("PATCH", path, {"enabled": False})
    assert [each["name"] for each in (await grace.call("GET", "?q=seco"))["items"]] == ["second"]
    await grace.call("DELETE", path)
    assert await grace.refused("GET", path) == (404, "mcp_server_not_found")


INSIDE = ["http://169.254.169.254/mcp", "http://[::1]/mcp", "http://10.1/mcp", "file:///etc/passwd"]


@pytest.mark.parametrize("url", INSIDE)
async def test_no_server_is_inside(grace: Person, url: str) -> None:
    refusal = (422, "address_unreachable")
    assert await grace.refused("POST", data={"name": "inside", "url": url}) == refusal
    server = await grace.name("https://tickets.example/mcp")
    assert await grace.refused("PATCH", f"/{server}", {"url": url}) == refusal


async def test_no_call_is_led_inside(grace: Person, tickets: Peer) -> None:
    async def lead(_request: Request) -> Response:
        return RedirectResponse(tickets.url.replace("127.0.0.1", "127.0.0.2"), 307)

    leading = Scripted()
    async with answering(leading) as url:
        await grace.enable(await grace.name(url, "leading"), "look")
        leading.instead["tools/call"] = lead
        (result,) = results(await grace.uses("leading__look"))
        await grace.scene.parts.mcp.connections.aclose()
    assert result.startswith("Error: The MCP server")
    assert tickets.headers == []


async def test_a_secret_is_told_to_its_server_and_nobody_else(
    grace: Person,
    linus: Person,
    provider: FakeProvider,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)

    async def echo(request: Request) -> Response:
        sent = await request.json()
        text = f"You said {request.headers['authorization']}."
        if sent["params"]["arguments"]:
            return refused(sent, text)
        return replied(sent, {"content": [{"type": "text", "text": text}]})

    async def refuse(request: Request) -> Response:
        return Response(request.headers["authorization"], 401)

    echoing = Scripted(instead={"tools/call": echo})
    async with answering(echoing) as url:
        named: dict[str, Any] = {"auth": "secret", "secret": "ticket_token"}
        server = await grace.name(url, "echo", scope="organization", **named)
        tried = await grace.call("POST", f"/{server}/test")
        assert tried["problem"]["code"] == "mcp_secret_missing"
        for who, value in ((grace, SECRET), (linus, SECRET[::-1])):
            kept = {"name": "ticket_token", "value": value}
            assert (await who.caller.ask("POST", "/api/v1/secrets", kept)).is_success
        await grace.enable(server, "look")
        for arguments in ({}, {"at": "all"}):
            (result,) = results(await grace.uses("echo__look", arguments))
            assert "You said Bearer [secret]." in result
        await linus.uses("echo__look")
        assert echoing.headers[-1]["authorization"] == f"Bearer {SECRET[::-1]}"
        echoing.instead = dict.fromkeys(("tools/call", "tools/list"), refuse)
        (result,) = results(await grace.uses("echo__look"))
        assert "wants another credential" in result
        tried = await grace.call("POST", f"/{server}/test")
        assert tried["problem"]["code"] == "mcp_credential_refused"
        await grace.scene.parts.mcp.connections.aclose()
    assert echoing.headers[0]["authorization"] == f"Bearer {SECRET}"
    assert rows_with(grace.scene.superuser, SECRET) == {}
    assert not any(SECRET.encode() in each.body for each in provider.received)
    assert SECRET not in caplog.text
    assert SECRET not in "".join(capfd.readouterr())
