"""The whole application with a model that is scripted, and people who name MCP servers."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from psycopg import conninfo
from pydantic import SecretStr

from conftest import SECRET_KEY, Postgres
from folkmoot import main
from folkmoot.assembly import Ground, Parts, running
from folkmoot.db.place import Place
from folkmoot.kit.ids import new_id
from folkmoot.settings.deployment import Deployment
from folkmoot.settings.programs import McpProgram
from folkmoot.settings.providers import Providers
from folkmoot.testing.provider import FakeProvider
from mcp_peers import PROGRAM, Peer, peer, peering
from mcp_people import Person, Scene
from serving import served
from whole import PATIENCE, person

ENDLESS = """
import os
while True:
    os.write(1, b"A" * 65536)
"""
PROGRAMS = [
    McpProgram(name="shelf", command=[sys.executable, str(PROGRAM)], variable="SHELF_TOKEN"),
    McpProgram(name="broken", command=[sys.executable, "-c", "raise SystemExit(1)"]),
    McpProgram(name="endless", command=[sys.executable, "-c", ENDLESS]),
]


@pytest.fixture(scope="package")
async def scene(
    database_server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Scene]:
    """One process for the tests of this folder; each of them has people of its own."""
    name = database_server.clone()
    owner = conninfo.make_conninfo(database_server.owner, dbname=name)
    async with AsyncExitStack() as stack:
        stack.callback(database_server.drop, name)
        provider = await stack.enter_async_context(FakeProvider())
        ground = Ground(
            deployment(tmp_path_factory.mktemp("data"), provider),
            Place(owner, SECRET_KEY),
            SECRET_KEY,
            tmp_path_factory.mktemp("ground"),
        )
        parts: Parts = await stack.enter_async_context(running(ground))
        url = await stack.enter_async_context(served(main.application(parts)))
        client = httpx.AsyncClient(base_url=url, timeout=PATIENCE)
        await stack.enter_async_context(client)
        superuser = conninfo.make_conninfo(database_server.superuser, dbname=name)
        yield Scene(parts, client, provider, superuser)


def deployment(directory: Path, provider: FakeProvider) -> Deployment:
    return Deployment(
        data_dir=directory,
        default_model="openai:fake",
        embedding_model="offline:hash",
        providers=Providers(
            openai_base_url=provider.openai_url, openai_api_key=SecretStr("sk-of-the-tests")
        ),
        outbound_private=["127.0.0.1"],
        mcp_programs=PROGRAMS,
    )


@pytest.fixture
async def provider(scene: Scene) -> FakeProvider:
    """The provider of the process, which has received nothing yet."""
    scene.provider.received.clear()
    return scene.provider


@pytest.fixture
async def grace(scene: Scene) -> Person:
    """Somebody who owns an organisation."""
    return Person(scene, await person(scene.client, f"grace-{new_id().hex}"))


@pytest.fixture
async def tickets() -> AsyncIterator[Peer]:
    """A server that behaves."""
    async with peering(peer()) as served:
        yield served
