"""Organisations take turns at a provider, over real HTTP: nobody pays for another's crowd."""

import asyncio
import statistics
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from asking import asking, outcome
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId, new_id
from folkmoot.llm.config import Bounds
from folkmoot.llm.registry import Models
from folkmoot.testing.provider import FakeProvider

pytestmark = pytest.mark.anyio

CROWD, SMALL = OrgId(new_id()), OrgId(new_id())
MODEL = "openai:m"
SLOW = "[[fake-tok3-ttft150]]"


@pytest.fixture
async def narrow(provider: FakeProvider) -> AsyncIterator[Models]:
    """Models of which eight may be asked at a time."""
    bounds = Bounds(places=8, waiting=1_000, patience=60)
    models = Models(replace(provider.config(), bounds=bounds))
    yield models
    await models.aclose()


async def took(models: Models, org_id: OrgId) -> float:
    """Return how long a call of an organisation took, in seconds."""
    begun = clock.monotonic()
    result = await outcome(models.own.chat(MODEL).asked_by(org_id), asking(SLOW))
    assert result.error is None, result.error
    return clock.monotonic() - begun


async def usual(models: Models) -> float:
    """Return how long the small one's calls take, without what the machine does in between."""
    return statistics.median([await took(models, SMALL) for _ in range(9)])


async def test_a_thousand_waiting_calls_of_one_do_not_slow_the_others_down(
    narrow: Models, provider: FakeProvider
) -> None:
    await took(narrow, SMALL)
    alone = await usual(narrow)
    crowd = [asyncio.create_task(took(narrow, CROWD)) for _ in range(1_000)]
    await provider.until(lambda: len(provider.chats) >= 16)
    beside = await usual(narrow)
    waiting = sum(not task.done() for task in crowd)
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)
    assert waiting > 500
    assert beside < alone * 4  # in turn it would be a hundred times as long


async def test_more_than_may_wait_are_told_when_to_come_again(provider: FakeProvider) -> None:
    bounds = Bounds(places=1, waiting=2, patience=60)
    models = Models(replace(provider.config(), bounds=bounds))
    asked = [models.own.chat(MODEL).asked_by(CROWD) for _ in range(6)]
    ends = await asyncio.gather(*(outcome(each, asking(SLOW)) for each in asked))
    codes = [end.error.code if end.error else None for end in ends]
    assert codes.count("model_busy") == 3
    assert codes.count(None) == 3
    assert len(provider.chats) == 3
    await models.aclose()
