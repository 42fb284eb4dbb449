from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from folkmoot.llm.config import ProviderConfig, ProviderKind, Retries, Timeouts
from folkmoot.llm.port import ChatModel
from folkmoot.llm.registry import Models
from folkmoot.testing.provider import FakeProvider

FORMATS = ("openai", "responses", "anthropic", "google", "ollama")


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with FakeProvider() as provider:
        yield provider


@pytest.fixture
async def models(provider: FakeProvider) -> AsyncIterator[Models]:
    """A gateway to the fake provider that soon tries again, on however busy a machine."""
    told = provider.config()
    other = ProviderConfig(ProviderKind.RESPONSES, provider.openai_url, "key-of-responses")
    config = replace(
        told,
        providers={**told.providers, "responses": other},
        timeouts=Timeouts(connect=10, first_token=10, idle=10, total=30, embed=10),
        retries=Retries(attempts=3, first_pause=0.01, longest_pause=0.05),
    )
    models = Models(config)
    yield models
    await models.aclose()


@pytest.fixture(params=FORMATS)
def model(models: Models, request: pytest.FixtureRequest) -> ChatModel:
    """The same fake model in each format."""
    return models.chat(f"{request.param}:fake-chat")
