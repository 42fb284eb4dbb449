"""The whole application, with a model that says what it is told."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from acting import Caller
from conftest import SECRET_KEY
from folkmoot import main
from folkmoot.assembly import Ground, Parts, running
from folkmoot.db.place import Place
from folkmoot.settings.deployment import Deployment
from folkmoot.settings.model_limits import ModelLimits
from folkmoot.settings.providers import Providers
from folkmoot.testing.provider import FakeProvider
from serving import served
from whole import PATIENCE, join, person


@pytest.fixture
async def parts(owner_address: str, tmp_path: Path, provider: FakeProvider) -> AsyncIterator[Parts]:
    """The parts of a process that serves, and works on nothing by itself."""
    deployment = Deployment(
        data_dir=tmp_path,
        default_model="openai:fake-chat",
        embedding_model="offline:hash",
        providers=Providers(
            openai_base_url=provider.openai_url,
            openai_api_key=SecretStr("key-of-openai"),
            ollama_host="http://127.0.0.1:9",
        ),
        model_limits=ModelLimits(attempts=1),
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
async def linus(client: httpx.AsyncClient, grace: Caller) -> Caller:
    """A member of that organisation."""
    linus = await person(client, "linus")
    await join(grace, linus)
    return linus
