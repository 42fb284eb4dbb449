"""Answers on their way, as those see them who come and go."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from folkmoot.caches.flights import Batch, Flight, Flights, Name
from folkmoot.kit.ids import OrgId, new_id
from folkmoot.llm.port import TextDelta

pytestmark = pytest.mark.anyio

NAME: Name = (OrgId(new_id()), b"", 0, b"")


async def heard(flight: Flight) -> list[Batch]:
    return [batch async for batch in flight.listen()]


async def test_nobody_joins_an_answer_that_is_being_left() -> None:
    flights, begun, closing, closed = Flights(), *(asyncio.Event() for _ in range(3))

    async def endless() -> AsyncGenerator[Batch, None]:
        try:
            begun.set()
            await asyncio.Event().wait()
            yield []
        finally:
            closing.set()
            await closed.wait()

    async def short() -> AsyncGenerator[Batch, None]:
        yield [TextDelta("Yes.")]

    first = asyncio.create_task(heard(flights.begin(NAME, endless)))
    await begun.wait()
    first.cancel()
    await closing.wait()
    assert flights.joined(NAME) is None
    second = flights.begin(NAME, short)
    assert flights.joined(NAME) is second
    closed.set()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await heard(second) == [[TextDelta("Yes.")]]
    assert flights.joined(NAME) is None
