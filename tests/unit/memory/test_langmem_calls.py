"""The calls of one reading by LangMem, of which several may be under way at once."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from langgraph.graph import StateGraph

from folkmoot.kit.ids import RunId, new_id
from folkmoot.llm.billing import metering
from folkmoot.llm.port import ChatRequest, Chunk, ToolCallDelta, ToolCallStarted, Usage
from folkmoot.memory import strategies
from folkmoot.memory.langmem_model import Calls
from folkmoot.memory.ports import Said
from folkmoot.settings.groups import MemoryStrategy

pytestmark = pytest.mark.anyio

GUESS = Usage(input_tokens=1, output_tokens=0, estimated=True)
AT_ONCE = 3


class Silent:
    """A model whose provider has been sent all calls before it answers one, which it never does."""

    name = "silent"

    def __init__(self) -> None:
        self.sent = asyncio.Barrier(AT_ONCE)
        self.working = asyncio.Barrier(AT_ONCE + 1)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[list[Chunk]]:
        del request
        with metering.call(lambda: GUESS):
            await self.sent.wait()
            metering.sent()
            await self.working.wait()
            await asyncio.Future[None]()
            yield []


class Told:
    """A model that finds what it is called, once all have been asked."""

    def __init__(self, name: str, all_asked: asyncio.Barrier) -> None:
        self.name = name
        self.asked: list[ChatRequest] = []
        self._all_asked = all_asked

    async def stream(self, request: ChatRequest) -> AsyncGenerator[list[Chunk]]:
        self.asked.append(request)
        await self._all_asked.wait()
        yield [ToolCallStarted(0, "1", "Memory"), ToolCallDelta(0, f'{{"content": "{self.name}"}}')]


def said(text: str) -> Said:
    return Said(id="1", run_id=RunId(new_id()), role="user", text=text, untrusted=False)


async def test_readings_at_the_same_time_share_a_graph_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = await strategies.reader(MemoryStrategy.LANGMEM)
    monkeypatch.delattr(StateGraph, "compile")  # it is built already
    birds, all_asked = ("heron", "stork", "owl"), asyncio.Barrier(AT_ONCE)
    models = [Told(bird, all_asked) for bird in birds]
    readings = [read(each, [said(f"A {each.name}.")], [f"No {each.name}."]) for each in models]
    found = await asyncio.gather(*readings)
    assert [[each.text for each in changes] for changes in found] == [[bird] for bird in birds]
    for model in models:
        (request,) = model.asked
        told = " ".join(each.text for each in request.messages)
        assert (f"A {model.name}." in told, f"No {model.name}." in told) == (True, True)
        assert [bird for bird in birds if bird in told] == [model.name]


async def test_calls_that_are_left_at_the_same_time_are_paid_each() -> None:
    with metering.counting() as meter:
        model = Silent()
        calls = Calls(model, "Read.")
        asked = [asyncio.create_task(calls.answer([], (), "auto")) for _ in range(AT_ONCE)]
        await model.working.wait()
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    assert meter.used == Usage(input_tokens=AT_ONCE, output_tokens=0, estimated=True)
