"""Infisical as the place where secrets are kept: its REST API, signed in as a machine identity.

All secrets of a deployment lie in one folder of one project; a name there says whose it is.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, TypeVar
from uuid import UUID

import aiohttp
import msgspec

from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId
from folkmoot.settings.errors import SecretStoreUnavailable, SecretUnreadable
from folkmoot.settings.resolver import Level
from folkmoot.settings.stores.store import Address, Sealed

LOGIN: Final = "/api/v1/auth/universal-auth/login"
SECRETS: Final = "/api/v3/secrets/raw/"
TIMEOUT: Final = aiohttp.ClientTimeout(total=10, connect=5)
ATTEMPTS: Final = 3
PAUSE: Final = 0.2
"""Seconds before the second attempt; each further pause is twice as long."""
EARLY: Final = 60.0
"""Seconds before its end in which a token is not used any more."""
KEPT_AS: Final = re.compile(r"folkmoot_[0-9a-f]{32}_[a-z]+_[0-9a-f]{32}_.+__([0-9a-f]{32})")
AGAIN: Final = frozenset({429, 500, 502, 503, 504})


T = TypeVar("T")


class Token(msgspec.Struct, rename="camel"):
    """What signing in gives."""

    access_token: str
    expires_in: float


class Kept(msgspec.Struct):
    """A secret as Infisical has it."""

    value: str = msgspec.field(name="secretValue")


class Found(msgspec.Struct):
    """What it answers when it is asked for one."""

    secret: Kept


class Named(msgspec.Struct):
    """A secret in a list; what it says is not read."""

    name: str = msgspec.field(name="secretKey")


class Listed(msgspec.Struct):
    """What it answers when it is asked for all."""

    secrets: list[Named]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where secrets lie in Infisical, and as whom it is asked."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    project_id: str
    environment: str
    path: str


class Infisical:
    """Keeps secrets in Infisical."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._token = ""
        self._until = float("-inf")
        self._entering = asyncio.Lock()

    async def keep(self, address: Address, value: str) -> Sealed | None:
        """Keep a value there; its row holds nothing of it."""
        body = {"secretValue": value, "type": "shared"}
        status, _ = await self._ask("PATCH", address, body)
        if status == HTTPStatus.NOT_FOUND:
            status, _ = await self._ask("POST", address, body)
        _demand_done(status)
        return None

    async def value(self, address: Address, sealed: Sealed | None) -> str:  # noqa: ARG002 - it lies there
        """Return a value.

        Raises:
            SecretUnreadable: Infisical does not have it.
            SecretStoreUnavailable: It does not answer, or not to us.
        """
        status, answer = await self._ask("GET", address)
        if status == HTTPStatus.NOT_FOUND:
            raise SecretUnreadable(address.name)
        _demand_done(status)
        return _read(answer, Found).secret.value

    async def drop(self, address: Address) -> None:
        """Remove a value, if it is there."""
        await self.remove(name_of(address))

    async def clear(self, org_id: OrgId, level: Level, owner_id: UUID) -> None:
        """Remove all values of somebody's, found by how they are called."""
        begins = _begins(org_id, level, owner_id)
        status, answer = await self._request("GET", SECRETS.rstrip("/"))
        _demand_done(status)
        for kept in _read(answer, Listed).secrets:
            if kept.name.startswith(begins):
                name = kept.name.removeprefix(begins)
                await self.drop(Address(org_id, level, owner_id, name))

    async def listed(self) -> Sequence[tuple[str, UUID]]:
        """Return how each value is called there and what it is kept as, as far as it says so."""
        status, answer = await self._request("GET", SECRETS.rstrip("/"))
        _demand_done(status)
        names = [kept.name for kept in _read(answer, Listed).secrets]
        found = (KEPT_AS.fullmatch(name) for name in names)
        return [(each[0], UUID(hex=each[1])) for each in found if each]

    async def remove(self, stored_name: str) -> None:
        """Remove a value that is called like this there, if it is."""
        status, _ = await self._request("DELETE", SECRETS + stored_name, {"type": "shared"})
        if status != HTTPStatus.NOT_FOUND:
            _demand_done(status)

    async def _ask(
        self, method: str, address: Address, body: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Ask about one secret."""
        return await self._request(method, f"{SECRETS}{name_of(address)}", body)

    async def _request(
        self, method: str, path: str, body: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Ask about secrets; sign in again if the token has been revoked."""
        where = {
            "workspaceId": self._place.project_id,
            "environment": self._place.environment,
            "secretPath": self._place.path,
        }
        sent = {"params": where} if body is None else {"json": {**where, **body}}
        answered = await self._send(method, path, sent, await self._signed_in())
        if answered[0] == HTTPStatus.UNAUTHORIZED:
            self._until = float("-inf")
            answered = await self._send(method, path, sent, await self._signed_in())
        return answered

    async def _signed_in(self) -> str:
        async with self._entering:
            if clock.monotonic() >= self._until:
                who = {
                    "clientId": self._place.client_id,
                    "clientSecret": self._place.client_secret,
                }
                status, answer = await self._send("POST", LOGIN, {"json": who})
                _demand_done(status)
                token = _read(answer, Token)
                self._token = token.access_token
                self._until = clock.monotonic() + token.expires_in - EARLY
            return self._token

    async def _send(
        self, method: str, path: str, sent: Mapping[str, Any], token: str | None = None
    ) -> tuple[int, bytes]:
        """Send a request, more than once if need be; all of ours may be repeated."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(PAUSE * 2 ** (attempt - 1))
            try:
                async with (
                    aiohttp.ClientSession(self._place.url, timeout=TIMEOUT) as client,
                    client.request(
                        method, path, headers=headers, allow_redirects=False, **sent
                    ) as answer,
                ):
                    if answer.status not in AGAIN:
                        return answer.status, await answer.read()
            except (aiohttp.ClientError, TimeoutError):
                continue
        raise SecretStoreUnavailable


def name_of(address: Address) -> str:
    """Return what a secret is called there."""
    begins = _begins(address.org_id, address.level, address.owner_id)
    return f"{begins}{address.name}{f'__{address.kept_as.hex}' if address.kept_as else ''}"


def _begins(org_id: OrgId, level: Level, owner_id: UUID) -> str:
    return f"folkmoot_{org_id.hex}_{level}_{owner_id.hex}_"


def _read(body: bytes, kind: type[T]) -> T:
    """Return an answer as what it should be; what else it may be is nobody's to be told."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError):
        raise SecretStoreUnavailable from None


def _demand_done(status: int) -> None:
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        raise SecretStoreUnavailable
