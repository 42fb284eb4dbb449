"""The whole application in this process, on a database of the test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from conftest import SECRET_KEY
from folkmoot import main
from folkmoot.assembly import Ground, Parts, running
from folkmoot.db.place import Place
from folkmoot.settings.deployment import Deployment
from serving import served
from whole import PATIENCE


@pytest.fixture
async def parts(owner_address: str, tmp_path: Path) -> AsyncIterator[Parts]:
    """The parts of a process that serves and runs no jobs by itself."""
    deployment = Deployment(
        data_dir=tmp_path, default_model="offline:extractive", embedding_model="offline:hash"
    )
    place = Place(owner_address, SECRET_KEY)
    async with running(Ground(deployment, place, SECRET_KEY, tmp_path)) as parts:
        yield parts


@pytest.fixture
async def client(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody at the other end of a connection to it."""
    async with (
        served(main.application(parts)) as url,
        httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client,
    ):
        yield client
