"""Model calls that are watched: counted, timed and traced, and otherwise as they were."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import numpy as np
import pytest

from collecting import attributes, receiving
from folkmoot.kit import clock, redact
from folkmoot.kit.errors import AppError, Unavailable
from folkmoot.kit.telemetry import metrics, tracing
from folkmoot.llm.billing import estimate
from folkmoot.llm.billing.paying import Asked, paid_by
from folkmoot.llm.config import ModelsConfig
from folkmoot.llm.errors import ModelRejected, ModelUnavailable
from folkmoot.llm.observed import ObservedChatModel, ObservedEmbedder, ObservedReranker
from folkmoot.llm.port import (
    ChatRequest,
    Chunk,
    EmbeddingKind,
    Finished,
    TextDelta,
    Usage,
    Vectors,
)
from folkmoot.llm.resilience.lines import Lines
from folkmoot.llm.resilience.outcomes import TELLING, Outcomes

pytestmark = pytest.mark.anyio

FREE = Lines(ModelsConfig()).free
ASKING = ChatRequest(messages=())
ENDING: Sequence[Chunk] = (Usage(input_tokens=7, output_tokens=3), Finished("stop"))


class Speaking:
    """A model that says what it was made with, and fails if that is an error."""

    def __init__(self, name: str, *said: Sequence[Chunk] | Exception) -> None:
        self.name = name
        self.said = said
        self.closed = False

    async def stream(self, _request: ChatRequest) -> AsyncGenerator[Sequence[Chunk], None]:
        try:
            for each in self.said:
                if isinstance(each, Exception):
                    raise each
                yield each
        finally:
            self.closed = True


class Measuring:
    name = "test:measuring"
    dimensions = 2

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        assert kind == "query"
        return np.ones((len(texts), 2), dtype=np.float32)


def count(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


async def test_what_a_watched_model_says_is_what_it_said_and_is_counted() -> None:
    said: list[Sequence[Chunk]] = [[TextDelta("Hello")], [TextDelta(" you"), *ENDING]]
    observed = ObservedChatModel(Speaking("test:counted", *said), Outcomes(), FREE)
    assert [batch async for batch in observed.stream(ASKING)] == said
    assert count("llm_token_count_total", model="test:counted", operation="input") == 7
    assert count("llm_token_count_total", model="test:counted", operation="output") == 3
    assert count("llm_call_duration_seconds_count", model="test:counted") == 1
    assert count("llm_first_token_seconds_count", model="test:counted") == 1


async def test_a_call_that_fails_is_counted_too_and_marks_its_span() -> None:
    with receiving() as receiver:
        tracing.configure([tracing.Collector(receiver.url)], redact.SECRETS_ONLY)
        broken = Speaking("test:broken", ModelUnavailable("broken", "is away"))
        observed = ObservedChatModel(broken, Outcomes(), FREE)
        with pytest.raises(ModelUnavailable):
            await anext(observed.stream(ASKING))
        tracing.shutdown()
        span = receiver.spans["chat broken"]
    assert attributes(span)["error.type"] == "ModelUnavailable"
    assert count("llm_call_duration_seconds_count", model="test:broken") == 1
    assert count("llm_first_token_seconds_count", model="test:broken") == 0


async def test_a_watched_call_that_is_closed_early_closes_the_call_itself() -> None:
    speaking = Speaking("test:left", [TextDelta("a")], [TextDelta("b")])
    async with aclosing(ObservedChatModel(speaking, Outcomes(), FREE).stream(ASKING)) as answer:
        await anext(answer)
    assert speaking.closed


async def test_a_call_is_a_span_with_the_names_of_the_conventions() -> None:
    with receiving() as receiver:
        tracing.configure([tracing.Collector(receiver.url)], redact.SECRETS_ONLY)
        speaking = Speaking("openai:gpt-x", [TextDelta("a"), *ENDING])
        observed = ObservedChatModel(speaking, Outcomes(), FREE)
        assert [batch async for batch in observed.stream(ASKING)]
        embedder = ObservedEmbedder(Measuring(), Outcomes(), FREE)
        assert (await embedder.embed(["a", "b"], kind="query")).shape == (2, 2)
        assert (embedder.name, embedder.dimensions) == ("test:measuring", 2)
        tracing.shutdown()
        chat, embeddings = receiver.spans["chat gpt-x"], receiver.spans["embeddings measuring"]
    assert attributes(chat) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-x",
        "gen_ai.response.finish_reasons": "stop",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 3,
    }
    assert attributes(embeddings)["folkmoot.texts"] == 2
    assert count("llm_call_duration_seconds_count", model="test:measuring") == 1


async def test_the_last_failure_of_a_model_is_known_for_a_while_without_asking_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcomes = Outcomes()
    away = Speaking("test:away", ModelUnavailable("test:away", "is away."))
    rejecting = Speaking("test:rejecting", ModelRejected("test:rejecting", "no such thing"))
    for model in (away, rejecting):
        with pytest.raises(AppError):
            await anext(ObservedChatModel(model, outcomes, FREE).stream(ASKING))
    outcomes.demand("test:rejecting")
    with pytest.raises(Unavailable, match="test:away is away"):
        outcomes.demand("test:away")
    later = clock.monotonic() + TELLING
    monkeypatch.setattr(clock, "monotonic", lambda: later)
    outcomes.demand("test:away")


@dataclass
class Paying:
    """Pays for everything, and writes it down."""

    bills: list[Usage | None] = field(default_factory=list[Usage | None])

    async def admit(self, _call: Asked) -> "Paying":
        return self

    def reused(self, model: str, how: str) -> None:
        """Nothing is paid for that."""

    def settle(self, used: Usage | None) -> None:
        self.bills.append(used)


@dataclass
class Pondering:
    """A reranker that never answers, or fails."""

    failure: Exception | None = None
    name: str = "test:pondering"
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def rerank(self, _query: str, _texts: Sequence[str]) -> Sequence[float | None]:
        self.asked.set()
        if self.failure is not None:
            raise self.failure
        await asyncio.Event().wait()
        return ()


async def test_what_a_search_asked_a_reranker_and_did_not_wait_for_is_paid_and_a_failure_not() -> (
    None
):
    payer, slow, away = Paying(), Pondering(), Pondering(ModelUnavailable("test:pondering"))
    with paid_by(payer):
        asking = asyncio.create_task(
            ObservedReranker(slow, Outcomes(), FREE).rerank("heron", ["a heron", "a stork"])
        )
        await slow.asked.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        with pytest.raises(ModelUnavailable):
            await ObservedReranker(away, Outcomes(), FREE).rerank("heron", ["a heron"])
    assert payer.bills == [estimate.pairs("heron", ["a heron", "a stork"]), None]
