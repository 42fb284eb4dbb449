"""Keys that organisations, teams and users bring along for providers of models."""

import asyncio
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from asking import asking, outcome
from folkmoot.db.work import Database
from folkmoot.identity.permissions import OWNER
from folkmoot.kit import clock
from folkmoot.kit.ids import TeamId, UserId, new_id
from folkmoot.kit.scope import Scope as Level
from folkmoot.kit.subject import Subject
from folkmoot.llm import gateway as gateways
from folkmoot.llm.config import ModelsConfig, ProviderConfig, ProviderKind
from folkmoot.llm.errors import ModelKeyMissing, ModelKeyRefused, ModelKeyUnreadable
from folkmoot.llm.gateway import Gateway
from folkmoot.llm.keys import Keyring
from folkmoot.llm.registry import Models
from folkmoot.settings.cache import Changes
from folkmoot.settings.features import Features
from folkmoot.settings.models import Secret
from folkmoot.settings.schemas import SecretCreate
from folkmoot.settings.secrets import Secrets
from folkmoot.settings.stores.sealing import Sealer
from folkmoot.testing.provider import FakeProvider, Received
from folkmoot.testing.replies import refuses
from talking import Platform, Talker, body, custom, text_of
from whole import rows_with

pytestmark = pytest.mark.anyio

KEY = "the-key-of-one-0f9d2c7b"
SEALER = Sealer("k" * 32)


def sent(received: Received) -> str:
    """Return the key that a request came with."""
    return received.headers["Authorization"].removeprefix("Bearer ")


async def bring(
    secrets: Secrets, subject: Subject, value: str = KEY, level: Level = Level.ORGANIZATION
) -> Secret:
    """Keep a key of OpenAI for an organisation, a team or a user."""
    may_all = replace(subject, permissions=OWNER)
    data = SecretCreate(name="openai_api_key", value=SecretStr(value), scope=level)
    return await secrets.keep(may_all, data)


class Opened:
    """A process's gateway with what it stands on."""

    def __init__(self, database: Database, models: Models, **options: Any) -> None:
        self.changes = Changes(database)
        self.secrets = Secrets(database, SEALER, changes=self.changes, **options)
        self.gateway = Gateway(models, self.secrets, self.changes)

    async def key_of(self, provider: FakeProvider, subject: Subject) -> str:
        """Ask a model for a subject; return the key that the provider was given."""
        await outcome(await self.gateway.chat(subject, "openai:m"), asking("?"))
        return sent(provider.received[-1])


@pytest.fixture
def here(database: Database, models: Models) -> Opened:
    return Opened(database, models)


@pytest.mark.core
async def test_an_organisations_key_takes_the_place_of_the_deployments(
    serving: Platform, ada: Talker, eve: Talker, provider: FakeProvider
) -> None:
    await bring(serving.secrets, ada.subject)
    assert text_of(await ada.ask("Hello?")) == "Hello?"
    await eve.ask("Hello?")
    assert [sent(each) for each in provider.chats] == [KEY, "key-of-openai"]


@pytest.mark.core
async def test_keys_of_tenants_do_not_mix_however_many_ask_at_once(
    serving: Platform, ada: Talker, eve: Talker, provider: FakeProvider
) -> None:
    await bring(serving.secrets, ada.subject, "the-key-of-ada")
    await bring(serving.secrets, eve.subject, "the-key-of-eve")

    async def ask(who: Talker, name: str, number: int) -> None:
        stream = await who.ask(f"{name} asks {number}")
        assert text_of(stream) == f"{name} asks {number}"

    async with asyncio.TaskGroup() as asking_all:
        for number in range(50):
            asking_all.create_task(ask(ada, "ada", number))
            asking_all.create_task(ask(eve, "eve", number))
    told = {(each.heard.asked.split()[0], sent(each)) for each in provider.chats}
    assert told == {("ada", "the-key-of-ada"), ("eve", "the-key-of-eve")}
    assert len(provider.chats) == 100


async def test_ones_own_key_comes_before_the_teams_before_the_organisations(
    here: Opened, provider: FakeProvider, subject: Subject, superuser_address: str
) -> None:
    team = TeamId(new_id())
    with psycopg.connect(superuser_address) as connection:
        connection.execute(
            "INSERT INTO teams (org_id, id, name, created_at, updated_at)"
            " VALUES (%s, %s, 'Readers', now(), now())",
            (subject.org_id, team),
        )
    member = replace(subject, team_ids=(team,), team_id=team)
    await bring(here.secrets, subject, "of the organisation")
    assert await here.key_of(provider, member) == "of the organisation"
    await bring(here.secrets, member, "of the team", Level.TEAM)
    assert await here.key_of(provider, member) == "of the team"
    assert await here.key_of(provider, subject) == "of the organisation"
    await bring(here.secrets, member, "of the user", Level.USER)
    assert await here.key_of(provider, member) == "of the user"


async def test_a_key_opens_a_provider_that_the_deployment_has_none_for(
    provider: FakeProvider,
) -> None:
    bare = Models(ModelsConfig(embedding_model="offline:hash"))
    with pytest.raises(ModelKeyMissing):
        bare.chat("anthropic:claude")
    opened = bare.scope(Keyring({"anthropic": KEY}))
    assert opened.chat("anthropic:claude").name == "anthropic:claude"
    assert opened.config.providers["anthropic"].base_url is None
    with pytest.raises(ModelKeyMissing):
        opened.chat("google:gemini")
    own_name = {"openai": ProviderConfig(ProviderKind.OLLAMA, provider.url)}
    taken = Models(ModelsConfig(providers=own_name)).scope(Keyring({"openai": KEY}))
    assert taken.config.providers == own_name


async def test_a_change_counts_at_once_here_and_elsewhere_when_it_is_asked_for(
    here: Opened, database: Database, models: Models, provider: FakeProvider, subject: Subject
) -> None:
    elsewhere = Opened(database, models)
    for process in (here, elsewhere):
        await process.changes.check()
        assert await process.key_of(provider, subject) == "key-of-openai"
    kept = await bring(here.secrets, subject)
    assert await here.key_of(provider, subject) == KEY
    assert await elsewhere.key_of(provider, subject) == "key-of-openai"
    await elsewhere.changes.check()
    assert await elsewhere.key_of(provider, subject) == KEY
    await here.secrets.drop(replace(subject, permissions=OWNER), kept.id)
    await elsewhere.changes.check()
    for process in (here, elsewhere):
        assert await process.key_of(provider, subject) == "key-of-openai"
    await bring(here.secrets, subject, level=Level.USER)
    assert await here.key_of(provider, subject) == KEY
    await here.secrets.forget(subject)
    assert await here.key_of(provider, subject) == "key-of-openai"


async def test_who_is_remembered_costs_no_query_until_it_is_long_ago(
    here: Opened, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Subject] = []
    finding = here.secrets.held

    async def counting(asking: Subject, names: Any) -> Any:
        found.append(asking)
        return await finding(asking, names)

    monkeypatch.setattr(here.secrets, "held", counting)
    await bring(here.secrets, subject)
    await here.changes.check()
    first = await here.gateway.scope(subject)
    assert await here.gateway.scope(subject) is first
    assert len(found) == 1
    now = clock.monotonic()
    monkeypatch.setattr(clock, "monotonic", lambda: now + gateways.LIFETIME + 1)
    here.changes.checked = clock.monotonic()
    assert await here.gateway.scope(subject) is not first
    assert len(found) == 2
    monkeypatch.setattr(clock, "monotonic", lambda: now + 5 * gateways.LIFETIME)
    here.changes.checked = clock.monotonic()
    await here.changes.check()
    await here.gateway.chat(replace(subject, user_id=UserId(new_id())), "openai:m")
    assert len(found) == 3


@pytest.mark.core
async def test_a_key_stands_nowhere_in_the_open(
    serving: Platform,
    ada: Talker,
    provider: FakeProvider,
    superuser_address: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    await bring(serving.secrets, ada.subject)
    provider.script(
        [
            refuses(401, message=f"The key {KEY} is wrong."),
            refuses(400, message=f"Nothing for {KEY}."),
            refuses(429, message=f"{KEY} asks too often.", retry_after="9999"),
        ]
    )
    codes = [(await ada.ask("Hello?"))[-1].event["code"] for _ in range(3)]
    assert codes == ["model_key_refused", "model_rejected", "model_rate_limited"]
    assert {sent(each) for each in provider.chats} == {KEY}
    assert rows_with(superuser_address, KEY) == {}
    scope = serving.executor.models
    assert KEY not in repr(scope) + repr(Keyring({"openai": KEY}))
    out, err = capfd.readouterr()
    assert KEY not in out + err


async def test_no_other_key_is_taken_for_one_that_does_not_open(
    serving: Platform, ada: Talker, provider: FakeProvider, superuser_address: str
) -> None:
    await bring(serving.secrets, ada.subject)
    with psycopg.connect(superuser_address) as connection:
        connection.execute("UPDATE secrets SET key_id = 'of another deployment'")
    refused = await ada.post(body("Hello?"))
    assert (refused.status_code, refused.json()["code"]) == (409, "model_key_unreadable")
    assert provider.chats == []


def test_what_can_be_no_key_is_not_sent() -> None:
    models = Models(ModelsConfig(embedding_model="openai:text-embedding-3-small"))
    for odd in ("a key\r\nX-Admin: yes", "schlüssel"):
        opened = models.scope(Keyring({"openai": odd}))
        with pytest.raises(ModelKeyRefused):
            opened.chat("openai:m")
        with pytest.raises(ModelKeyRefused):
            opened.embedder()
    with pytest.raises(ModelKeyUnreadable):
        models.scope(Keyring(unreadable=frozenset({"openai"}))).embedder()


async def test_embeddings_are_asked_for_with_ones_own_key_from_the_deployments_model(
    database: Database, provider: FakeProvider, subject: Subject, other_subject: Subject
) -> None:
    models = Models(replace(provider.config(), embedding_model="openai:fake-embedding"))
    process = Opened(database, models)
    await bring(process.secrets, subject)
    for who in (subject, other_subject, subject):
        embedder = await process.gateway.embedder(who)
        assert embedder.name == process.gateway.embedding == "openai:fake-embedding"
        await embedder.embed(["sun"], kind="query")
    assert [sent(each) for each in provider.received] == [KEY, "key-of-openai", KEY]
    await models.aclose()


async def test_where_secrets_are_switched_off_no_key_counts(
    here: Opened, database: Database, models: Models, provider: FakeProvider, subject: Subject
) -> None:
    await bring(here.secrets, subject)
    off = Opened(database, models, features=Features(secrets=False))
    assert await off.key_of(provider, subject) == "key-of-openai"


async def test_what_a_run_has_used_is_told_without_the_key(serving: Platform, ada: Talker) -> None:
    await bring(serving.secrets, ada.subject)
    (used,) = custom(await ada.ask("Hello?"), "model.used")
    assert (used["provider"], used["model"]) == ("openai", "fake-chat")
