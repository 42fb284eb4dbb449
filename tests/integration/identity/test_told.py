"""What is taken from somebody is felt in other processes as soon as it is committed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import httpx
import pytest

from ending import end
from folkmoot.db.work import Database
from folkmoot.identity.authenticator import CHANNEL
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity
from folkmoot.kit import clock
from folkmoot.runs.hub import Hub
from identity_app import USUAL, Account, bearer, client_of, enroll, sign_in
from whole import until

pytestmark = pytest.mark.anyio

Deed = Callable[[httpx.AsyncClient, Account, Account, str], Awaitable[httpx.Response]]


@pytest.fixture
async def other(
    database: Database, app_address: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another process, in which no time passes: what it remembers it remembers."""
    moment = clock.monotonic()
    monkeypatch.setattr(clock, "monotonic", lambda: moment)
    identity, listening = Identity(database, USUAL), asyncio.Event()

    def hear(notice: str | None) -> None:
        listening.set()
        identity.authenticator.hear(notice)

    hearing = asyncio.create_task(Hub(channels={CHANNEL: hear}).listen(app_address, lambda: None))
    await listening.wait()
    async with client_of(identity) as client:
        yield client
    await end(hearing)


async def out_of_the_team(
    here: httpx.AsyncClient, owner: Account, person: Account, team: str
) -> httpx.Response:
    path = f"/api/v1/teams/{team}/members/{person['id']}"
    return await here.delete(path, headers=await headers_of(here, owner))


async def no_team_any_more(
    here: httpx.AsyncClient, owner: Account, _person: Account, team: str
) -> httpx.Response:
    return await here.delete(f"/api/v1/teams/{team}", headers=await headers_of(here, owner))


async def out_of_the_organization(
    here: httpx.AsyncClient, owner: Account, person: Account, _team: str
) -> httpx.Response:
    path = f"/api/v1/organizations/{owner['organization_id']}/members/{person['id']}"
    return await here.delete(path, headers=await headers_of(here, owner))


DEEDS: Final[tuple[Deed, ...]] = (out_of_the_team, no_team_any_more, out_of_the_organization)


async def headers_of(client: httpx.AsyncClient, account: Account, **more: str) -> dict[str, str]:
    return bearer((await sign_in(client, account))["access_token"], **more)


async def made(client: httpx.AsyncClient, path: str, body: Any, headers: dict[str, str]) -> Any:
    answer = await client.post(f"/api/v1/{path}", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize("deed", DEEDS)
async def test_who_loses_a_place_has_lost_it_in_every_process(
    client: httpx.AsyncClient,
    identity: Identity,
    grace: Account,
    linus: Account,
    other: httpx.AsyncClient,
    deed: Deed,
) -> None:
    await enroll(identity, grace, linus, OrgRole.MEMBER)
    owner = await headers_of(client, grace)
    team = (await made(client, "teams", {"name": "Herons"}, owner))["id"]
    member = {"user_id": linus["id"], "role": "member"}
    await made(client, f"teams/{team}/members", member, owner)
    place = {"X-Organization-Id": grace["organization_id"], "X-Team-Id": team}
    mine = await headers_of(client, linus, **place)
    assert (await other.get("/api/v1/me", headers=mine)).status_code == 200
    assert (await deed(client, grace, linus, team)).status_code == 204

    async def refused() -> bool:
        return (await other.get("/api/v1/me", headers=mine)).status_code == 404

    await until(refused)
