"""Settings behind their routes, as a client meets them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from folkmoot.blobs.store import BlobStore
from folkmoot.db.work import Database
from folkmoot.identity.service import Identity
from folkmoot.settings import routes
from folkmoot.settings.logos import Logos
from folkmoot.settings.secrets import Secrets
from folkmoot.settings.service import Settings
from folkmoot.settings.stores.sealing import Sealer
from identity_app import SECRET_KEY, Account, app_of, bearer, sign_in

SETTINGS = "/api/v1/settings"


@pytest.fixture
def settings(database: Database) -> Settings:
    return Settings(database)


@pytest.fixture
def secrets(database: Database) -> Secrets:
    return Secrets(database, Sealer(SECRET_KEY))


def app_with(identity: Identity, settings: Settings, secrets: Secrets) -> FastAPI:
    app = app_of(identity)
    logos = Logos(settings, BlobStore("memory://"))
    app.include_router(routes.router(settings, secrets, logos), prefix="/api/v1")
    return app


@asynccontextmanager
async def client_with(
    identity: Identity, settings: Settings, secrets: Secrets
) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app_with(identity, settings, secrets))
    async with httpx.AsyncClient(transport=transport, base_url="http://folkmoot.example") as client:
        yield client


@pytest.fixture
async def asking(
    identity: Identity, settings: Settings, secrets: Secrets
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a process that serves identity, settings and secrets."""
    async with client_with(identity, settings, secrets) as client:
        yield client


async def acting(
    client: httpx.AsyncClient, account: Account, organization: Account | None = None
) -> dict[str, str]:
    """Sign in; return the headers with which somebody acts, in another one's organisation maybe."""
    token = (await sign_in(client, account))["access_token"]
    place = organization or account
    return bearer(token, **{"X-Organization-Id": place["organization_id"]})


async def put(
    client: httpx.AsyncClient,
    headers: dict[str, str],
    group: str,
    scope: str,
    *,
    tag: str = "*",
    method: str = "PUT",
    **body: Any,
) -> httpx.Response:
    """Change a layer, by default whatever its version is."""
    return await client.request(
        method,
        f"{SETTINGS}/{group}",
        params={"scope": scope},
        json={"values": {}} | body,
        headers=headers | {"If-Match": tag},
    )


async def effective(
    client: httpx.AsyncClient, headers: dict[str, str], group: str
) -> dict[str, Any]:
    """Return what holds of a group, by field."""
    answer = await client.get(f"{SETTINGS}/{group}/effective", headers=headers)
    assert answer.status_code == 200, answer.text
    fields: dict[str, Any] = answer.json()["fields"]
    return fields
