"""People let Folkmoot use MCP servers in their name, by OAuth 2.1."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.responses import Response

from approving import results
from folkmoot.kit.ids import new_id
from folkmoot.testing.replies import says, uses
from letting_in import CALLBACK, begun, brought, let_in
from mcp_authorities import Authority, authority, vouched
from mcp_peers import Peer, peer, peering
from mcp_people import Person
from talking import body
from whole import join, person, rows_with

pytestmark = pytest.mark.anyio

FIND = {"words": "printers"}


@pytest.fixture
async def vouching() -> AsyncIterator[Authority]:
    async with authority() as made:
        yield made


@pytest.fixture
async def known(grace: Person, vouching: Authority) -> AsyncIterator[Peer]:
    """A server that answers those for whom the authority vouches."""
    async with vouched(peer(), vouching) as served:
        yield served
        await grace.scene.parts.mcp.connections.aclose()


@pytest.fixture
async def server(grace: Person, known: Peer) -> str:
    return await grace.name(known.url, scope="organization", auth="oauth")


@pytest.fixture
async def linus(grace: Person) -> Person:
    scene = grace.scene
    who = Person(scene, await person(scene.client, f"linus-{new_id().hex}"))
    await join(grace.caller, who.caller)
    return who


async def is_let_in(who: Person, server: str) -> bool:
    return bool((await who.call("GET", f"/{server}/authorization"))["authorized"])


async def asked(who: Person) -> str:
    (result,) = results(await who.uses("tickets__find", FIND))
    return result


@pytest.mark.core
async def test_everybodys_runs_use_what_they_have_been_granted_themselves(
    grace: Person, linus: Person, server: str, known: Peer, vouching: Authority
) -> None:
    tried = await grace.call("POST", f"/{server}/test")
    assert tried["problem"]["code"] == "mcp_not_authorized"
    answer = await begun(grace, server)
    told = parse_qs(urlsplit(answer.json()["url"]).query)
    assert told["resource"] == [known.url]
    assert told["code_challenge_method"] == ["S256"]
    kept = answer.headers["set-cookie"].lower()
    assert "httponly" in kept
    assert "samesite=lax" in kept
    assert (await brought(grace, answer)).status_code == 303
    await grace.enable(server, "find")
    assert "Ticket 7" in await asked(grace)
    assert "You have to let Folkmoot use this MCP server" in await asked(linus)
    assert not await is_let_in(linus, server)
    vouching.person = "linus"
    await let_in(linus, server)
    assert "Ticket 7" in await asked(linus)
    last = known.headers[-1]["authorization"].removeprefix("Bearer ")
    assert vouching.tokens[last] == "linus"
    shown = await linus.call("GET", f"/{server}/authorization")
    assert shown["issuer"] == vouching.url
    actions = (await grace.caller.ask("GET", "/api/v1/audit")).json()["items"]
    assert [each["action"] for each in actions].count("mcp_server.authorized") == 2


async def test_tokens_are_renewed_once_however_many_need_one(
    grace: Person, server: str, vouching: Authority
) -> None:
    await let_in(grace, server)
    await grace.enable(server, "find")
    vouching.tokens.clear()  # whoever is asked with what was granted refuses it
    script = [uses("tickets__find", FIND)] * 3 + [says("Done.")] * 3
    grace.scene.provider.script(script)
    inputs = [body("Please.", workflow="tools") for _ in range(3)]
    for stream in await asyncio.gather(*map(grace.send, inputs)):
        assert "Ticket 7" in "".join(results(stream))
    assert vouching.asked.count("refresh_token") == 1
    vouching.tokens.clear()
    assert (await grace.call("POST", f"/{server}/test"))["ok"]
    assert vouching.asked.count("refresh_token") == 2
    vouching.lasts = 1  # the next one has ended before it is used
    vouching.tokens.clear()
    for expected in (3, 4):
        assert "Ticket 7" in await asked(grace)
        assert vouching.asked.count("refresh_token") == expected


async def test_whoever_is_let_in_no_longer_is_told_so(
    grace: Person, server: str, vouching: Authority
) -> None:
    await let_in(grace, server)
    await grace.enable(server, "find")
    vouching.tokens.clear()
    vouching.refreshing.clear()
    assert "You have to let Folkmoot use this MCP server" in await asked(grace)
    assert not await is_let_in(grace, server)
    await let_in(grace, server)
    assert "Ticket 7" in await asked(grace)


@pytest.mark.parametrize(
    "answer",
    [Response(status_code=500), Response("{}"), None],
    ids=["a failure", "half an answer", "none"],
)
async def test_while_nobody_says_whether_we_are_let_in_nothing_is_forgotten(
    grace: Person, server: str, vouching: Authority, answer: Response | None
) -> None:
    await let_in(grace, server)
    await grace.enable(server, "find")
    if answer is None:
        answer = Response(b"x" * 1024 * 1024)
    vouching.tokens.clear()
    vouching.instead = answer
    assert "can not be used in your name" in await asked(grace)
    vouching.instead = None
    assert "Ticket 7" in await asked(grace)


async def test_only_the_browser_that_began_brings_something_back_and_once(
    grace: Person, linus: Person, server: str, vouching: Authority
) -> None:
    hers, his = await begun(grace, server), await begun(linus, server)
    cookie = his.headers["set-cookie"].partition(";")[0]
    failed = "mcp_authorization_failed"
    for changes in (
        {"cookie": ""},
        {"cookie": cookie},
        {"iss": "https://evil.example"},
        {"state": "x"},
        {"code": ""},
    ):
        back = await brought(grace, hers, **changes)
        assert (back.status_code, back.json()["code"]) == (409, failed), changes
    assert not await is_let_in(grace, server)
    assert (await brought(grace, hers)).status_code == 303
    again = await brought(grace, hers)
    assert (again.status_code, again.json()["code"]) == (409, failed)
    assert await is_let_in(grace, server)
    assert not await is_let_in(linus, server)
    shown = await grace.scene.client.get(CALLBACK, headers={"Accept": "text/html"})
    assert shown.headers["location"] == f"/settings/mcp-servers?problem={failed}"


UNFIT: list[dict[str, Any]] = [
    {"code_challenge_methods_supported": None},
    {"code_challenge_methods_supported": ["plain"]},
    {"issuer": "https://evil.example"},
    {"registration_endpoint": None},
    {"registration_endpoint": "http://127.0.0.2/register"},
    {"token_endpoint": "javascript:alert(1)"},
]


@pytest.mark.parametrize("said", UNFIT, ids=str)
async def test_whoever_authorizes_otherwise_than_demanded_is_asked_for_nothing(
    grace: Person, server: str, vouching: Authority, said: dict[str, Any]
) -> None:
    vouching.says = said
    answer = await begun(grace, server)
    assert (answer.status_code, answer.json()["code"]) == (409, "mcp_authorization_failed")
    assert vouching.asked == []


async def test_no_token_is_taken_that_is_for_another_server(
    grace: Person, vouching: Authority
) -> None:
    async with vouched(peer(), vouching, resource="https://bank.example/mcp") as evil:
        server = await grace.name(evil.url, auth="oauth")
        answer = await begun(grace, server)
    assert "its tokens would be for somebody else" in answer.json()["detail"]


async def test_tokens_do_not_follow_a_server_to_another_place(
    grace: Person, server: str, tickets: Peer
) -> None:
    await let_in(grace, server)
    await grace.call("PATCH", f"/{server}", {"url": tickets.url})
    assert not await is_let_in(grace, server)
    tried = await grace.call("POST", f"/{server}/test")
    assert tried["problem"]["code"] == "mcp_not_authorized"
    assert tickets.headers == []


async def test_what_was_granted_is_revoked_and_nothing_is_left_of_those_who_leave(
    grace: Person, linus: Person, server: str, vouching: Authority
) -> None:
    await let_in(grace, server)
    await grace.call("DELETE", f"/{server}/authorization")
    assert not await is_let_in(grace, server)
    await grace.scene.parts.mcp.revocations.run()
    assert vouching.asked[-1] == "revoke"
    assert vouching.tokens == {}
    await let_in(linus, server)
    (token,) = vouching.tokens
    for secret in (token, *vouching.refreshing):
        assert rows_with(grace.scene.superuser, secret) == {}
    path = f"/api/v1/organizations/{grace.caller.place}/members/{linus.caller.id}"
    assert (await grace.caller.ask("DELETE", path)).is_success
    assert "secrets" not in rows_with(grace.scene.superuser, linus.caller.id)


async def test_servers_that_know_people_otherwise_grant_nothing(
    grace: Person, tickets: Peer
) -> None:
    server = await grace.name(tickets.url)
    assert await grace.refused("POST", f"/{server}/authorization") == (
        409,
        "mcp_server_not_granted",
    )
    program = {"name": "shelf", "transport": "stdio", "command": "shelf", "auth": "oauth"}
    assert await grace.refused("POST", data=program) == (422, "mcp_server_unfit")
    async with peering(peer()) as open_to_all:
        silent = await grace.name(open_to_all.url, "silent", auth="oauth")
        answer = await begun(grace, silent)
    assert "does not say who authorizes" in answer.json()["detail"]
