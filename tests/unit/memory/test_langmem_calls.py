"""The calls of one reading by LangMem, of which several may be under way at once."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from folkmoot.llm.billing import metering
from folkmoot.llm.port import ChatRequest, Chunk, Usage
from folkmoot.memory.langmem_model import Calls

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
