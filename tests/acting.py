"""People of one organisation, signed in and acting in it over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx
import pytest

from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity
from identity_app import Account, bearer, enroll, register, sign_in

NOBODY: Final = "01890000-0000-7000-8000-000000000000"
TEAMS: Final = "/api/v1/teams"

Enter = Callable[[str, OrgRole], Awaitable["Caller"]]
"""Registers somebody under a name and makes them a member of the organisation."""


class Caller:
    """Somebody who is signed in and acts in an organisation."""

    def __init__(self, client: httpx.AsyncClient, account: Account, token: str, place: str) -> None:
        self.id = account["id"]
        self.email = account["email"]
        self.place = place
        self._client = client
        self.headers = bearer(token, **{"X-Organization-Id": place})

    async def ask(self, method: str, path: str, json: Any = None, **headers: str) -> httpx.Response:
        sent = self.headers | headers
        return await self._client.request(method, path, json=json, headers=sent)

    async def team(self, name: str = "Research") -> str:
        made = await self.ask("POST", TEAMS, {"name": name})
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    async def admit(self, team: str, person: "Caller", role: str) -> None:
        data = {"user_id": person.id, "role": role}
        answer = await self.ask("POST", f"{TEAMS}/{team}/members", data)
        assert answer.status_code == 201, answer.text


async def caller(
    client: httpx.AsyncClient, account: Account, organization: Account | None = None
) -> Caller:
    token = (await sign_in(client, account))["access_token"]
    return Caller(client, account, token, (organization or account)["organization_id"])


@pytest.fixture
async def owner(client: httpx.AsyncClient, grace: Account) -> Caller:
    return await caller(client, grace)


@pytest.fixture
def enter(client: httpx.AsyncClient, identity: Identity, grace: Account) -> Enter:
    async def enter(name: str, role: OrgRole) -> Caller:
        person = await register(client, name)
        await enroll(identity, grace, person, role)
        return await caller(client, person, grace)

    return enter


@pytest.fixture
async def member(
    client: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account
) -> Caller:
    await enroll(identity, grace, linus, OrgRole.MEMBER)
    return await caller(client, linus, grace)


@pytest.fixture
async def stranger(client: httpx.AsyncClient) -> Caller:
    return await caller(client, await register(client, "eve"))
