"""Answers to questions that mean the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from caching import remember
from folkmoot.agents.order import KIND
from folkmoot.caches.reusing import Answers, Patience
from folkmoot.kit.subject import Subject
from folkmoot.llm.errors import ModelUnavailable
from folkmoot.llm.port import Embedder, EmbeddingKind, Vectors
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says
from talking import Platform, Talker, custom, text_of

pytestmark = pytest.mark.anyio

QUESTION = "How do I reset my password?"
SAME = "How can I reset the password?"
SAME_VECTORS = ("How can I reset my passkey?", "How can I reset the password in 2027?")


@dataclass
class Vectored:
    """An embedder to which all of these mean the same, and nothing else does."""

    name: str = "test:same"
    dimensions: int | None = 2
    asked: list[str] = field(default_factory=list[str])
    failure: Exception | None = None
    nonsense: "Vectors | None" = None

    async def embedder(self, _subject: Subject) -> Embedder:
        return self

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        assert kind == "query"
        self.asked += texts
        if self.failure is not None:
            raise self.failure
        if self.nonsense is not None:
            return self.nonsense
        alike = {QUESTION, SAME, *SAME_VECTORS}
        return np.array([[1, 0] if text in alike else [0, 1] for text in texts], np.float32)


@pytest.fixture
async def embedder(serving: Platform, ada: Talker) -> Vectored:
    embedder = Vectored()
    answers = Answers(serving.answers.store, embedder, patience=Patience(20, 20))
    serving.supervisor.register(KIND, replace(serving.executor, answers=answers))
    await remember(serving.settings, ada.subject, "semantic")
    return embedder


async def asked(talker: Talker, platform: Platform, question: str) -> tuple[str, list[str]]:
    """Ask; return the answer and how it was found."""
    stream = await talker.ask(question)
    await platform.answers.store.flush()
    return text_of(stream), [each["by"] for each in custom(stream, "answer.reused")]


async def test_what_means_the_same_is_given_the_same_answer_and_what_only_looks_so_is_not(
    ada: Talker, eve: Talker, serving: Platform, provider: FakeProvider, embedder: Vectored
) -> None:
    await remember(serving.settings, eve.subject, "semantic")
    provider.script([says("By the link."), *(says(f"No {each}.") for each in range(4))])
    assert await asked(ada, serving, QUESTION) == ("By the link.", [])
    assert await asked(ada, serving, SAME) == ("By the link.", ["semantic"])
    assert await asked(ada, serving, QUESTION) == ("By the link.", ["exact"])
    assert embedder.asked == [QUESTION, SAME]
    for number, other in enumerate((*SAME_VECTORS, "Where is the canteen?")):
        assert await asked(ada, serving, other) == (f"No {number}.", [])
    assert await asked(eve, serving, SAME) == ("No 3.", [])


async def test_an_embedder_that_fails_is_no_reason_not_to_answer(
    ada: Talker, serving: Platform, provider: FakeProvider, embedder: Vectored
) -> None:
    embedder.failure = ModelUnavailable(embedder.name)
    provider.script([says("By the link."), says("By the other link.")])
    assert await asked(ada, serving, QUESTION) == ("By the link.", [])
    assert await asked(ada, serving, SAME) == ("By the other link.", [])
    assert await asked(ada, serving, QUESTION) == ("By the link.", ["exact"])


@pytest.mark.parametrize(
    "vectors",
    [np.empty((0, 2), np.float32), np.full((1, 2), np.nan, np.float32)],
    ids=["none", "no numbers"],
)
async def test_nor_is_one_that_answers_with_nonsense(
    ada: Talker, serving: Platform, provider: FakeProvider, embedder: Vectored, vectors: Vectors
) -> None:
    embedder.nonsense = vectors
    provider.script([says("By the link.")])
    assert await asked(ada, serving, QUESTION) == ("By the link.", [])
    assert await asked(ada, serving, QUESTION) == ("By the link.", ["exact"])


async def test_nothing_is_waited_for_that_takes_too_long(
    ada: Talker, serving: Platform, provider: FakeProvider, embedder: Vectored
) -> None:
    await asked(ada, serving, QUESTION)
    hurried = Answers(serving.answers.store, embedder, patience=Patience(20, 0))
    serving.supervisor.register(KIND, replace(serving.executor, answers=hurried))
    assert await asked(ada, serving, SAME) == (SAME, [])
