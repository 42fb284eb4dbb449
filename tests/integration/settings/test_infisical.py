"""Infisical as the store of secrets, over HTTP."""

from collections.abc import AsyncIterator

import pytest

from folkmoot.db.work import Database
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import OrgId, new_id
from folkmoot.settings.deployment import Deployment
from folkmoot.settings.errors import SecretStoreUnavailable, SecretUnreadable
from folkmoot.settings.resolver import Level
from folkmoot.settings.secrets import Secrets
from folkmoot.settings.service import Settings
from folkmoot.settings.stores import infisical as room
from folkmoot.settings.stores import loading
from folkmoot.settings.stores.sealing import Sealer
from folkmoot.settings.stores.store import Address
from identity_app import SECRET_KEY, Account, Clock, subject_of
from infisical import CLIENT_SECRET, FakeInfisical, infisical
from settings_app import acting, client_with

pytestmark = pytest.mark.anyio

ORG = OrgId(new_id())
HERE = Address(ORG, Level.ORGANIZATION, ORG, "a_key")


@pytest.fixture
async def fake(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeInfisical]:
    monkeypatch.setattr(room, "PAUSE", 0.0)
    async with infisical() as fake:
        yield fake


@pytest.mark.core
async def test_a_value_is_kept_replaced_found_and_dropped(fake: FakeInfisical) -> None:
    store = fake.store()
    with pytest.raises(SecretUnreadable):
        await store.value(HERE, None)
    for value in ("one", "two"):
        assert await store.keep(HERE, value) is None
        assert await store.value(HERE, None) == value
    assert fake.secrets == {f"folkmoot_{ORG.hex}_organization_{ORG.hex}_a_key": "two"}
    await store.drop(HERE)
    await store.drop(HERE)
    assert fake.secrets == {}
    assert [name for name, _ in fake.asked].count("login") == 1


async def test_a_token_is_renewed_before_its_end_and_when_it_is_revoked(
    fake: FakeInfisical, time: Clock
) -> None:
    store = fake.store()
    await store.keep(HERE, "one")
    time.pass_by(seconds=7_200 - 59)
    await store.value(HERE, None)
    fake.tokens.clear()
    assert await store.value(HERE, None) == "one"
    assert [name for name, _ in fake.asked].count("login") == 3


async def test_what_passes_is_asked_again_a_few_times(fake: FakeInfisical) -> None:
    store = fake.store()
    fake.failures = [503, 429]
    await store.keep(HERE, "one")
    fake.failures = [500, 502, 504]
    with pytest.raises(SecretStoreUnavailable):
        await store.value(HERE, None)
    assert fake.failures == []
    assert await store.value(HERE, None) == "one"


async def test_who_is_refused_says_so_without_a_word_of_the_secrets(fake: FakeInfisical) -> None:
    for store in (
        fake.store(client_secret="wrong"),
        fake.store(project_id="another"),
        fake.store(url="http://127.0.0.1:9"),
    ):
        with pytest.raises(SecretStoreUnavailable) as refused:
            await store.keep(HERE, "a value that nobody may see")
        assert "nobody may see" not in str(refused.value)
    fake.lasts = "soon"  # type: ignore[assignment]
    with pytest.raises(SecretStoreUnavailable):
        await fake.store().value(HERE, None)


def test_it_is_used_where_identity_and_project_are_given() -> None:
    none = Deployment.model_validate({"infisical": {"client_id": "machine", "project_id": "p1"}})
    assert loading.infisical(none.infisical) is None
    given = {"client_id": "machine", "client_secret": CLIENT_SECRET, "project_id": "p1"}
    options = Deployment.model_validate({"infisical": given}).infisical
    store = loading.infisical(options)
    assert isinstance(store, room.Infisical)
    assert CLIENT_SECRET not in repr(options)


@pytest.mark.core
async def test_our_rows_hold_nothing_of_what_infisical_keeps(
    fake: FakeInfisical,
    identity: Identity,
    settings: Settings,
    database: Database,
    grace: Account,
) -> None:
    before = Secrets(database, Sealer(SECRET_KEY))
    kept = Secrets(database, Sealer(SECRET_KEY), fake.store())
    body = {"name": "a_key", "value": "from before"}
    async with client_with(identity, settings, before) as client:
        me = await acting(client, grace)
        assert (await client.post("/api/v1/secrets", json=body, headers=me)).status_code == 201
    assert await kept.resolve(subject_of(grace), "a_key") == "from before"
    async with client_with(identity, settings, kept) as client:
        body["value"] = "kept elsewhere"
        made = await client.post("/api/v1/secrets", json=body, headers=me)
        assert (made.status_code, made.json()["version"]) == (201, 2)
        assert list(fake.secrets.values()) == ["kept elsewhere"]
        async with database.pipelined(subject_of(grace)) as connection:
            cursor = await connection.execute("SELECT sealed, wrapped_key, key_id FROM secrets")
        assert await cursor.fetchone() == (None, None, None)
        assert await kept.resolve(subject_of(grace), "a_key") == "kept elsewhere"
        with pytest.raises(SecretUnreadable):
            await before.resolve(subject_of(grace), "a_key")
        fake.failures = [503] * 3
        busy = await client.post("/api/v1/secrets", json=body, headers=me)
        assert (busy.status_code, busy.json()["code"]) == (503, "secret_store_unavailable")
        gone = await client.delete(f"/api/v1/secrets/{made.json()['id']}", headers=me)
        assert gone.status_code == 204
    assert fake.secrets == {}
