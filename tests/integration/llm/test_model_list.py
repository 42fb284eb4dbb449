"""The list of models as callers see it: with their keys, their default and what is ill."""

from collections.abc import AsyncIterator
from typing import Any

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
from folkmoot.testing.replies import refuses
from serving import served
from whole import chat, person

pytestmark = pytest.mark.anyio

MODELS = "/api/v1/models"


@pytest.fixture
async def parts(owner_address: str, tmp_path: Any, provider: FakeProvider) -> AsyncIterator[Parts]:
    deployment = Deployment(
        data_dir=tmp_path,
        default_model="openai:fake-chat",
        embedding_model="offline:hash",
        providers=Providers(
            openai_base_url=provider.openai_url,
            openai_api_key=SecretStr("key-of-openai"),
            ollama_host="http://127.0.0.1:9",
            local_rerankers=["fastembed:of/ours"],
        ),
        model_limits=ModelLimits(attempts=1, failures=2, rest=100),
    )
    place = Place(owner_address, SECRET_KEY)
    async with running(Ground(deployment, place, SECRET_KEY, tmp_path)) as parts:
        yield parts


@pytest.fixture
async def client(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        served(main.application(parts)) as url,
        httpx.AsyncClient(base_url=url, timeout=60) as client,
    ):
        yield client


@pytest.fixture
async def grace(client: httpx.AsyncClient) -> Caller:
    return await person(client, "grace")


async def listed(who: Caller) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return models by name and providers by theirs."""
    answer = await who.ask("GET", MODELS)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    models = {each["name"]: each for each in found["items"]}
    return models, {each["provider"]: each for each in found["providers"]}


async def test_a_provider_that_is_away_is_told_by_itself(grace: Caller) -> None:
    models, providers = await listed(grace)
    assert models["openai:fake-chat"]["is_default"] is True
    assert models["openai:fake-chat"]["healthy"] is True
    assert "tools" in models["openai:fake-chat"]["capabilities"]
    assert (providers["openai"]["healthy"], providers["openai"]["own_key"]) == (True, False)
    assert providers["ollama"]["healthy"] is False
    assert "can not be reached" in providers["ollama"]["error"]
    ours = models["fastembed:of/ours"]
    assert (ours["kind"], ours["healthy"], ours["is_default"]) == ("rerank", True, False)
    assert providers["fastembed"]["circuit"] == "closed"


async def test_the_default_is_the_callers(grace: Caller, client: httpx.AsyncClient) -> None:
    put = await grace.ask(
        "PUT",
        "/api/v1/settings/models?scope=user",
        {"values": {"default_model": "offline:extractive"}},
        **{"If-Match": "*"},
    )
    assert put.status_code == 200, put.text
    models, _ = await listed(grace)
    assert [name for name in models if models[name]["is_default"]] == ["offline:extractive"]
    linus = await person(client, "linus")
    models, _ = await listed(linus)
    assert [name for name in models if models[name]["is_default"]] == ["openai:fake-chat"]


async def test_whoever_brings_a_key_sees_what_it_opens(
    grace: Caller, client: httpx.AsyncClient, provider: FakeProvider
) -> None:
    kept = await grace.ask(
        "POST", "/api/v1/secrets", {"name": "openai_api_key", "value": "the-key-of-grace"}
    )
    assert kept.status_code == 201, kept.text
    _, providers = await listed(grace)
    assert (providers["openai"]["healthy"], providers["openai"]["own_key"]) == (True, True)
    linus = await person(client, "linus")
    _, providers = await listed(linus)
    assert providers["openai"]["own_key"] is False


async def test_what_fails_is_ill_until_it_answers_and_left_alone_after_a_while(
    grace: Caller, provider: FakeProvider
) -> None:
    provider.script([refuses(500), refuses(500)])
    await chat(grace, "first")
    models, providers = await listed(grace)
    assert models["openai:fake-chat"]["healthy"] is False
    assert (models["openai:fake-embedding"]["healthy"], providers["openai"]["circuit"]) == (
        True,
        "closed",
    )
    await chat(grace, "second")
    models, providers = await listed(grace)
    assert models["openai:fake-embedding"]["healthy"] is False
    assert "left alone" in models["openai:fake-embedding"]["error"]
    assert (providers["openai"]["circuit"], providers["openai"]["healthy"]) == ("open", True)
    assert providers["ollama"]["circuit"] == "closed"
