"""The whole application, and somebody who looks after all of its organisations."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from acting import Caller
from conftest import SECRET_KEY
from folkmoot import main
from folkmoot.assembly import Ground, Parts, running
from folkmoot.db.place import Place
from folkmoot.identity.platform import admins
from folkmoot.settings.deployment import Deployment
from operating import id_of
from serving import served
from whole import PATIENCE, person


@pytest.fixture
async def parts(owner_address: str, tmp_path: Path) -> AsyncIterator[Parts]:
    deployment = Deployment(
        data_dir=tmp_path, default_model="offline:extractive", embedding_model="offline:hash"
    )
    place = Place(owner_address, SECRET_KEY)
    async with running(Ground(deployment, place, SECRET_KEY, tmp_path)) as parts:
        yield parts


@pytest.fixture
async def client(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        served(main.application(parts)) as url,
        httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client,
    ):
        yield client


@pytest.fixture
async def grace(client: httpx.AsyncClient) -> Caller:
    """Somebody who owns an organisation."""
    return await person(client, "grace")


@pytest.fixture
async def root(client: httpx.AsyncClient, parts: Parts, owner_address: str) -> Caller:
    """A platform admin, who is of an organisation of their own."""
    root = await person(client, "root")
    assert await admins.appoint(parts.database, owner_address, id_of(root))
    return root
