"""Embeddings of LangChain's behind our port, as its own package for OpenAI's format makes them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

import httpx
import pytest
from langchain_core.embeddings import Embeddings
from langchain_openai import OpenAIEmbeddings
from pydantic import SecretStr

from ending import end
from folkmoot.llm.billing import estimate
from folkmoot.llm.billing.metering import Meter, counting
from folkmoot.llm.config import Timeouts
from folkmoot.llm.errors import (
    ModelAnswerMalformed,
    ModelError,
    ModelKeyRefused,
    ModelRateLimited,
    ModelRejected,
    ModelTimedOut,
    ModelUnavailable,
)
from folkmoot.llm.langchain import failures
from folkmoot.llm.langchain.embedding import BATCH, LangChainEmbedder, build
from folkmoot.llm.offline.hashing import vectors
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import hangs, plays, refuses

pytestmark = pytest.mark.anyio

TEXTS: Final = ["The notice period is four weeks.", "Bananas are rich in potassium."]
MANY: Final = [f"text number {number}" for number in range(BATCH + 1)]
UNEVEN: Final = b'{"data":[{"embedding":[1.0]},{"embedding":[1.0,2.0]}],"model":"m","usage":{}}'

Made = Callable[[float], LangChainEmbedder]


class Dialling(Embeddings):
    """Lets through what becomes of a connection, as many an integration does."""

    def __init__(self, url: str) -> None:
        self.url = httpx.URL(url)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        raise NotImplementedError

    def embed_query(self, text: str) -> list[float]:
        raise NotImplementedError

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        raise NotImplementedError

    async def aembed_query(self, text: str) -> list[float]:
        _, writer = await asyncio.open_connection(self.url.host, self.url.port)
        writer.close()
        return [float(len(text))]


@pytest.fixture
async def made(provider: FakeProvider) -> AsyncIterator[Made]:
    async with httpx.AsyncClient() as client:

        def make(patience: float) -> LangChainEmbedder:
            embeddings = OpenAIEmbeddings(
                model="fake-embedding",
                base_url=provider.openai_url,
                api_key=SecretStr("a key"),
                check_embedding_ctx_length=False,
                max_retries=0,
                http_async_client=client,
            )
            return build("own:fake-embedding", embeddings, Timeouts(embed=patience))

        yield make


async def test_texts_go_in_batches_and_each_is_paid_for(made: Made, provider: FakeProvider) -> None:
    with counting() as meter:
        found = await made(60).embed(MANY, kind="document")
    assert abs(found - vectors(MANY)).max() < 1e-6
    assert (len(provider.received), meter.calls) == (2, 2)
    assert meter.used == estimate.texts(MANY)
    found = await made(60).embed(TEXTS, kind="query")
    assert abs(found - vectors(TEXTS)).max() < 1e-6


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ModelRejected),
        (401, ModelKeyRefused),
        (429, ModelRateLimited),
        (503, ModelUnavailable),
    ],
)
async def test_what_is_refused_costs_nothing_and_is_told_as_by_our_adapters(
    made: Made, provider: FakeProvider, status: int, error: type[ModelError]
) -> None:
    provider.script_embeddings([refuses(status, retry_after="7")])
    with counting() as meter, pytest.raises(error) as refused:
        await made(60).embed(TEXTS, kind="document")
    assert type(refused.value) is error
    assert getattr(refused.value, "wait", 7) == 7
    assert (meter.calls, meter.used) == (1, None)


async def test_an_answer_that_is_none_is_paid_for(made: Made, provider: FakeProvider) -> None:
    provider.script_embeddings([plays(UNEVEN, "application/json")])
    with counting() as meter, pytest.raises(ModelAnswerMalformed):
        await made(60).embed(TEXTS, kind="document")
    assert meter.used == estimate.texts(TEXTS)  # it has answered


async def test_a_provider_that_is_away_is_told_and_costs_nothing(
    made: Made, provider: FakeProvider
) -> None:
    asked = build("own:m", Dialling(provider.url), Timeouts())
    assert (await asked.embed(["four"], kind="query")).tolist() == [[1.0]]
    library = made(60)
    await provider.aclose()
    for each in (asked, library):
        with counting() as meter, pytest.raises(ModelUnavailable):
            await each.embed(["four"], kind="query")
        assert (meter.calls, meter.used) == (1, None)


async def test_what_says_nothing_of_a_provider_passes_through(provider: FakeProvider) -> None:
    asked = build("own:m", Dialling(provider.url), Timeouts())
    with pytest.raises(NotImplementedError):
        await asked.embed(["four"], kind="document")


async def test_silence_ends_in_a_time_out_and_the_request_with_it_which_is_paid_for(
    made: Made, provider: FakeProvider
) -> None:
    provider.script_embeddings([hangs()])
    with counting() as meter, pytest.raises(ModelTimedOut):
        await made(1.0).embed(TEXTS, kind="document")
    assert (meter.calls, meter.used) == (1, estimate.texts(TEXTS))
    await provider.until(lambda: all(each.aborted for each in provider.received))


async def test_whoever_does_not_wait_ends_the_request_and_pays_for_it(
    made: Made, provider: FakeProvider
) -> None:
    provider.script_embeddings([hangs()])
    meters: list[Meter] = []

    async def ask() -> None:
        with counting() as meter:
            meters.append(meter)
            await made(60).embed(MANY, kind="document")

    task = asyncio.create_task(ask())
    await provider.until(lambda: provider.received)
    await end(task)
    assert task.cancelled()
    assert (meters[0].calls, meters[0].used) == (1, estimate.texts(MANY[:BATCH]))
    await provider.until(lambda: provider.received[0].aborted)
    assert len(provider.received) == 1  # nothing of the batch behind it


async def test_an_answer_that_was_never_read_is_told_by_its_status() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"never read"

    answer = httpx.Response(503, content=pieces())
    failure = httpx.HTTPStatusError("", request=httpx.Request("POST", "http://x"), response=answer)
    with pytest.raises(ModelUnavailable, match="503"), failures.told("own:m"):
        raise failure
