"""The whole application, people who name webhooks, and somebody who receives them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import httpx
import pytest
from psycopg import conninfo, sql
from pydantic import SecretStr

from conftest import SECRET_KEY, Postgres
from folkmoot import main
from folkmoot.assembly import Ground, running
from folkmoot.db.place import Place
from folkmoot.kit.ids import new_id
from folkmoot.settings.deployment import Deployment
from folkmoot.settings.providers import Providers
from folkmoot.testing.provider import FakeProvider
from hooking import Listener, Receiver, Scene, receiving
from serving import served
from whole import PATIENCE, person


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
        deployment = Deployment(
            data_dir=tmp_path_factory.mktemp("data"),
            default_model="openai:fake",
            embedding_model="offline:hash",
            providers=Providers(
                openai_base_url=provider.openai_url, openai_api_key=SecretStr("sk-of-the-tests")
            ),
            outbound_private=["127.0.0.1"],
        )
        ground = Ground(
            deployment, Place(owner, SECRET_KEY), SECRET_KEY, tmp_path_factory.mktemp("ground")
        )
        parts = await stack.enter_async_context(running(ground))
        url = await stack.enter_async_context(served(main.application(parts)))
        client = httpx.AsyncClient(base_url=url, timeout=PATIENCE)
        await stack.enter_async_context(client)
        superuser = conninfo.make_conninfo(database_server.superuser, dbname=name)
        yield Scene(parts, client, provider, superuser)


@pytest.fixture(autouse=True)
def nobody_listens(scene: Scene) -> Iterator[None]:
    """Take away what a test leaves to be sent: the next one counts."""
    yield
    scene.change(sql.SQL("DELETE FROM webhooks"))


@pytest.fixture
async def grace(scene: Scene) -> Listener:
    """Somebody who owns an organisation."""
    return Listener(scene, await person(scene.client, f"grace-{new_id().hex}"))


@pytest.fixture
async def eve(scene: Scene) -> Listener:
    """Somebody of another organisation."""
    return Listener(scene, await person(scene.client, f"eve-{new_id().hex}"))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that takes everything."""
    async with receiving() as served:
        yield served
