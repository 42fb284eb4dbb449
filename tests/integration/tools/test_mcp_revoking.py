"""What people have granted at MCP servers is revoked there as soon as it has no use any more."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from starlette.responses import Response

from folkmoot.kit.ids import OrgId, UserId, new_id
from letting_in import let_in
from mcp_authorities import Authority, authority, vouched
from mcp_peers import Peer, peer
from mcp_people import Person
from whole import join, person, rows_with

pytestmark = pytest.mark.anyio

LEFT = "mcp_server.tokens_left"
REVOKED = "mcp_server.tokens_revoked"


@pytest.fixture
async def vouching() -> AsyncIterator[Authority]:
    async with authority() as made:
        yield made


@pytest.fixture
async def known(grace: Person, vouching: Authority) -> AsyncIterator[Peer]:
    async with vouched(peer(), vouching) as served:
        yield served
        await grace.scene.parts.mcp.connections.aclose()


@pytest.fixture
async def linus(grace: Person) -> Person:
    scene = grace.scene
    who = Person(scene, await person(scene.client, f"linus-{new_id().hex}"))
    await join(grace.caller, who.caller)
    return who


@pytest.fixture
async def team(grace: Person, linus: Person) -> str:
    made = await asked(grace, "POST", "/api/v1/teams", {"name": "Readers"})
    await asked(grace, "POST", f"/api/v1/teams/{made['id']}/members", {"user_id": linus.caller.id})
    return str(made["id"])


async def asked(who: Person, method: str, path: str, data: Any = None) -> Any:
    answer: httpx.Response = await who.caller.ask(method, path, data)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


async def told(who: Person, action: str) -> list[dict[str, Any]]:
    """Return what the trail of somebody's organisation tells of an action, the newest first."""
    trail = await asked(who, "GET", f"/api/v1/audit?action={action}")
    return [each["after"] for each in trail["items"]]


def hurry(who: Person) -> None:
    """Let what was put off be due."""
    with psycopg.connect(who.scene.superuser) as connection:
        connection.execute("UPDATE mcp_revocations SET next_at = now()")


async def removed(grace: Person, linus: Person, _server: str) -> None:
    place = f"/api/v1/organizations/{grace.caller.place}"
    await asked(grace, "DELETE", f"{place}/members/{linus.caller.id}")


async def left(grace: Person, linus: Person, _server: str) -> None:
    place = f"/api/v1/organizations/{grace.caller.place}"
    await asked(linus, "DELETE", f"{place}/members/{linus.caller.id}")


async def out_of_the_team(grace: Person, linus: Person, server: str) -> None:
    team = (await grace.call("GET", f"/{server}"))["team_id"]
    await asked(grace, "DELETE", f"/api/v1/teams/{team}/members/{linus.caller.id}")


async def deleted(grace: Person, _linus: Person, server: str) -> None:
    await grace.call("DELETE", f"/{server}")


async def moved(grace: Person, _linus: Person, server: str) -> None:
    await grace.call("PATCH", f"/{server}", {"url": "https://elsewhere.example/mcp"})


async def disconnected(_grace: Person, linus: Person, server: str) -> None:
    await linus.call("DELETE", f"/{server}/authorization")


async def forgotten(_grace: Person, linus: Person, _server: str) -> None:
    (secret,) = (await asked(linus, "GET", "/api/v1/secrets"))["items"]
    await asked(linus, "DELETE", f"/api/v1/secrets/{secret['id']}")


Way = Callable[[Person, Person, str], Awaitable[None]]
WAYS: list[Way] = [removed, left, out_of_the_team, deleted, moved, disconnected, forgotten]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_what_has_no_use_any_more_is_gone_at_once_and_revoked_soon(
    grace: Person, linus: Person, team: str, known: Peer, vouching: Authority, way: Way
) -> None:
    server = await grace.name(known.url, scope="team", team_id=team, auth="oauth")
    await let_in(linus, server)
    (access,), (refresh,) = vouching.tokens, vouching.refreshing
    await way(grace, linus, server)
    assert (
        f"mcp_{UUID(server).hex}"
        not in str(rows_with(grace.scene.superuser, linus.caller.id).get("secrets"))
        or way is disconnected
    )
    assert vouching.tokens  # nobody has waited for it
    await grace.scene.parts.mcp.revocations.run()
    assert (vouching.tokens, vouching.refreshing) == ({}, {})
    assert vouching.asked.count("revoke") == 2
    assert rows_with(grace.scene.superuser, server).get("mcp_revocations") is None
    (said,) = await told(grace, REVOKED)
    assert said == {"outcome": "revoked", "issuer": vouching.url}
    for secret in (access, refresh):
        assert rows_with(grace.scene.superuser, secret) == {}


async def test_whoever_lets_us_in_once_more_has_what_was_before_revoked(
    grace: Person, known: Peer, vouching: Authority
) -> None:
    server = await grace.name(known.url, auth="oauth")
    await let_in(grace, server)
    (old,) = vouching.refreshing
    vouching.person = "grace again"
    await let_in(grace, server)
    await grace.scene.parts.mcp.revocations.run()
    (left,) = vouching.refreshing
    assert left != old
    assert len(vouching.tokens) == 1


async def test_who_has_gone_is_not_named_by_what_is_still_to_be_revoked(
    grace: Person, linus: Person, known: Peer, vouching: Authority
) -> None:
    server = await grace.name(known.url, scope="organization", auth="oauth")
    await let_in(linus, server)
    await removed(grace, linus, server)
    org, user = OrgId(UUID(grace.caller.place)), UserId(UUID(linus.caller.id))
    superuser = grace.scene.superuser
    assert "mcp_revocations" in rows_with(superuser, str(user))
    await grace.scene.parts.personal.erase_left(user_id=str(user), org_id=str(org))
    assert "mcp_revocations" not in rows_with(superuser, str(user))
    assert "mcp_revocations" in rows_with(superuser, server)
    await grace.scene.parts.mcp.revocations.run()
    assert vouching.tokens == {}
    assert "mcp_revocations" not in rows_with(superuser, server)


async def test_an_authorization_server_that_is_away_is_asked_again_and_not_for_ever(
    grace: Person, linus: Person, known: Peer, vouching: Authority
) -> None:
    server = await grace.name(known.url, scope="organization", auth="oauth")
    revocations = grace.scene.parts.mcp.revocations
    vouching.revoking = Response(status_code=503)
    await let_in(linus, server)
    await removed(grace, linus, server)
    await revocations.run()
    await revocations.run()  # it is not due yet
    assert vouching.asked.count("revoke") == 2
    assert "mcp_revocations" not in rows_with(grace.scene.superuser, linus.caller.id)
    vouching.revoking = None
    hurry(grace)
    await revocations.run()
    assert vouching.tokens == {}
    await let_in(grace, server)
    vouching.revoking = Response(status_code=503)
    await deleted(grace, linus, server)
    for _ in range(9):
        hurry(grace)
        await revocations.run()
    assert "mcp_revocations" not in rows_with(grace.scene.superuser, server)
    assert await told(grace, LEFT) == [{"outcome": "unreachable", "issuer": vouching.url}]


@pytest.mark.parametrize(
    ("said", "answer", "outcome"),
    [
        ({"revocation_endpoint": None}, None, "not_offered"),
        ({}, Response(status_code=400), "refused"),
        ({"revocation_endpoint": "http://127.0.0.2/revoke"}, None, None),
    ],
    ids=["that is not offered", "that is refused", "that is inside"],
)
async def test_what_can_not_be_revoked_is_forgotten_all_the_same(
    grace: Person,
    known: Peer,
    vouching: Authority,
    said: dict[str, Any],
    answer: Response | None,
    outcome: str | None,
) -> None:
    vouching.says, vouching.revoking = said, answer
    server = await grace.name(known.url, auth="oauth")
    await let_in(grace, server)
    await disconnected(grace, grace, server)
    await grace.scene.parts.mcp.revocations.run()
    assert not (await grace.call("GET", f"/{server}/authorization"))["authorized"]
    told_of = [each["outcome"] for each in await told(grace, LEFT)]
    assert told_of == ([outcome] if outcome else [])
    waits = "mcp_revocations" in rows_with(grace.scene.superuser, server)
    assert waits == (outcome is None)
