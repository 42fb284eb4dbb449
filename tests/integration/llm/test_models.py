import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asking import asking, outcome
from folkmoot.kit import clock
from folkmoot.llm.config import ModelsConfig, ProviderConfig, ProviderKind, standard_providers
from folkmoot.llm.errors import ModelKeyMissing, ModelRejected, ModelsClosed, ModelUnknown
from folkmoot.llm.registry import Models
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import hangs, refuses, says

pytestmark = pytest.mark.anyio


async def test_without_configuration_everything_is_offline_and_says_so() -> None:
    models = Models(ModelsConfig(fetch_local_embedder=False))
    assert models.chat().name == "offline:extractive"
    assert models.embedder().name == "offline:hash"
    assert [notice.code for notice in models.notices()] == ["model_offline", "embedder_offline"]
    result = await outcome(models.chat(), asking("Hello?"))
    assert "offline extractive model" in result.text


async def test_the_default_model_answers_when_none_is_named(models: Models) -> None:
    assert models.default == "openai:fake-chat"
    assert (await outcome(models.chat(), asking("Hello."))).text == "Hello."
    assert models.notices() == []


async def test_a_name_keeps_colons_and_slashes(models: Models, provider: FakeProvider) -> None:
    await outcome(models.chat("ollama:library/llama3.2:8b-instruct"), asking("?"))
    assert provider.received[0].heard.model == "library/llama3.2:8b-instruct"


@pytest.mark.parametrize(
    "name", ["gpt-x", "openai:", ":gpt-x", "nobody:gpt-x", "openai:a\nb", "openai:" + "x" * 500, ""]
)
def test_a_name_that_means_nothing_is_refused_with_what_is_configured(name: str) -> None:
    models = Models(ModelsConfig(providers=standard_providers(openai_api_key="k")))
    with pytest.raises(ModelUnknown) as refused:
        models.chat(name or "?")
    assert "configured providers: openai, fastembed, offline" in refused.value.detail
    assert len(refused.value.detail) < 400


def test_a_provider_without_a_key_is_told_apart_from_an_unknown_one() -> None:
    models = Models(ModelsConfig(providers={"openai": ProviderConfig(ProviderKind.OPENAI)}))
    for name in ("openai:gpt-x", "anthropic:claude", "google:gemini"):
        with pytest.raises(ModelKeyMissing):
            models.chat(name)
    with pytest.raises(ModelKeyMissing):
        models.embedder("google:gemini-embedding-001")


def test_a_server_of_ones_own_needs_no_key() -> None:
    providers = standard_providers(openai_base_url="http://localhost:8000/v1")
    assert Models(ModelsConfig(providers=providers)).chat("openai:m").name == "openai:m"
    assert Models(ModelsConfig()).chat("ollama:m").name == "ollama:m"


async def test_a_compatible_server_can_have_any_name(provider: FakeProvider) -> None:
    own = ProviderConfig(ProviderKind.OPENAI, provider.openai_url)
    models = Models(ModelsConfig(providers={"our-vllm": own}))
    assert (await outcome(models.chat("our-vllm:m"), asking("Hi."))).text == "Hi."
    await models.aclose()


async def test_a_key_is_sent_as_its_provider_wants_it(
    models: Models, provider: FakeProvider
) -> None:
    for name in ("openai", "anthropic", "google"):
        await outcome(models.chat(f"{name}:m"), asking("?"))
    openai, anthropic, google = (each.headers for each in provider.received)
    assert openai["Authorization"] == "Bearer key-of-openai"
    assert anthropic["x-api-key"] == "key-of-anthropic"
    assert anthropic["anthropic-version"] == "2023-06-01"
    assert google["x-goog-api-key"] == "key-of-google"


async def test_names_from_users_are_not_kept_for_ever(models: Models) -> None:
    first = models.chat("openai:m0")
    assert models.chat("openai:m0") is first
    for number in range(300):
        models.chat(f"openai:m{number}")
    assert models.chat("openai:m0") is not first


def auto(**keys: Any) -> ModelsConfig:
    return ModelsConfig(providers=standard_providers(**keys), fetch_local_embedder=False)


def test_auto_takes_the_embeddings_of_a_provider_with_a_key() -> None:
    assert Models(auto(google_api_key="k")).embedder().name == "google:gemini-embedding-001"
    both = Models(auto(openai_api_key="k", google_api_key="k"))
    assert both.embedder().name == "openai:text-embedding-3-small"
    assert Models(auto(anthropic_api_key="k")).embedder().name == "offline:hash"


def test_auto_does_not_expect_embeddings_of_a_server_of_ones_own() -> None:
    config = auto(openai_api_key="k", openai_base_url="http://localhost:8000/v1")
    assert Models(config).embedder().name == "offline:hash"


def test_auto_takes_a_local_model_that_is_cached(tmp_path: Path) -> None:
    snapshot = tmp_path / "models--Qdrant--all-MiniLM-L6-v2-onnx" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "model.onnx").touch()
    models = Models(replace(auto(), cache_dir=tmp_path))
    assert models.embedder().name == "fastembed:sentence-transformers/all-MiniLM-L6-v2"
    assert [notice.code for notice in models.notices()] == ["model_offline"]


def test_a_configured_embedder_is_taken() -> None:
    models = Models(replace(auto(google_api_key="k"), embedding_model="offline:hash"))
    assert models.embedder().name == "offline:hash"
    assert models.embedder("google:other").name == "google:other"


async def test_an_embedder_that_is_being_fetched_is_announced(tmp_path: Path) -> None:
    models = Models(ModelsConfig(cache_dir=tmp_path, fetch_local_embedder=True))
    models.start()
    assert [notice.code for notice in models.notices()] == ["model_offline", "embedder_fetching"]
    assert models.embedder().name == "offline:hash"
    await models.aclose()


def test_anthropic_has_no_embeddings() -> None:
    models = Models(auto(anthropic_api_key="k"))
    with pytest.raises(ModelUnknown):
        models.embedder("anthropic:claude")


async def test_the_list_tells_models_and_health(models: Models) -> None:
    listed = {health.provider: health for health in await models.available()}
    assert list(listed) == ["offline", "openai", "anthropic", "google", "ollama", "responses"]
    for name in ("openai", "anthropic", "google", "ollama"):
        assert listed[name].healthy
        chat, embedding = listed[name].models
        assert (chat.name, chat.kind) == (f"{name}:fake-chat", "chat")
        assert "tools" in chat.capabilities
        assert (embedding.name, embedding.kind) == (f"{name}:fake-embedding", "embedding")
    assert listed["offline"].models[0].name == "offline:extractive"


async def test_a_provider_that_is_ill_does_not_spoil_the_list(
    provider: FakeProvider, free_tcp_port: int
) -> None:
    away = ProviderConfig(ProviderKind.OLLAMA, f"http://127.0.0.1:{free_tcp_port}")
    models = Models(replace(provider.config(), providers={
        "ollama": away, "openai": provider.config().providers["openai"],
    }))  # fmt: skip
    _, ollama, openai = await models.available()
    assert not ollama.healthy
    assert ollama.error == "ollama can not be reached."
    assert openai.healthy
    await models.aclose()


async def test_the_list_is_asked_for_once_in_a_quarter_of_an_hour(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = Models(provider.config())
    first, second = await asyncio.gather(models.available(), models.available())
    assert first[1:] == second[1:]
    now = clock.monotonic()
    monkeypatch.setattr(clock, "monotonic", lambda: now + 16 * 60)
    assert (await models.available())[1:] == first[1:]
    await asyncio.gather(*models._listing._asking)
    anew = (await models.available())[1:]
    assert all(
        after.checked_at > before.checked_at for after, before in zip(anew, first[1:], strict=True)
    )
    await models.aclose()


async def test_connections_are_used_again(models: Models, provider: FakeProvider) -> None:
    for _ in range(5):
        await outcome(models.chat(), asking("[[fake-tok50]]"))
    assert len({each.peer for each in provider.received}) == 1


async def test_closing_ends_what_is_under_way(provider: FakeProvider) -> None:
    models = Models(provider.config())
    provider.script([hangs()])
    reading = asyncio.create_task(outcome(models.chat(), asking("?")))
    await provider.until(lambda: provider.received)
    await models.aclose()
    result = await reading
    assert isinstance(result.error, ModelsClosed)


async def test_summaries_that_openai_refuses_are_not_asked_for_again(
    models: Models, provider: FakeProvider
) -> None:
    model = models.chat("responses:gpt-5")
    refused = refuses(
        400, message="Your organization must be verified to generate reasoning summaries."
    )
    provider.script([refused, says("One."), says("Two."), refuses(400, message="Too long.")])
    told = [await outcome(model, asking("?")) for _ in range(3)]
    assert [each.text for each in told] == ["One.", "Two.", ""]
    assert isinstance(told[2].error, ModelRejected)
    assert [b'"summary"' in each.body for each in provider.received] == [True, False, False, False]


async def test_requests_that_are_refused_summaries_at_the_same_time_are_all_asked_again(
    models: Models, provider: FakeProvider
) -> None:
    model = models.chat("responses:gpt-5")
    refused = refuses(400, message="You must be verified to generate reasoning summaries.")
    provider.script([refused, refused, says("One."), says("Two.")])
    told = await asyncio.gather(*(outcome(model, asking("?")) for _ in range(2)))
    assert {each.text for each in told} == {"One.", "Two."}
    assert [b'"summary"' in each.body for each in provider.received] == [True, True, False, False]
