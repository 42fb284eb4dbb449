"""Places that parties take in turns."""

import asyncio

import pytest

from folkmoot.kit.turns import Turns

pytestmark = pytest.mark.anyio


async def test_whoever_steps_aside_leaves_the_place_to_others_and_waits_for_another_turn() -> None:
    turns: Turns[str] = Turns(1, 1)
    order: list[str] = []
    begun, ends = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with turns.place("slow") as held:
            async with held.aside():
                begun.set()
                await ends.wait()
            order.append("slow")

    async def quick() -> None:
        await begun.wait()
        async with turns.place("quick"):
            ends.set()
            await asyncio.sleep(0)
            order.append("quick")

    async with asyncio.timeout(60):
        await asyncio.gather(slow(), quick())
    assert order == ["quick", "slow"]


async def test_a_place_is_given_back_once_whatever_happens_aside() -> None:
    turns: Turns[str] = Turns(1, 1)
    with pytest.raises(ValueError, match="no"):
        async with turns.place("one") as held, held.aside():
            raise ValueError("no")
    assert turns.take_at_once("two")
    waiting = asyncio.create_task(_aside(turns))
    turns.leave("two")
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert turns.take_at_once("two")
    assert not turns.take_at_once("one")


async def _aside(turns: Turns[str]) -> None:
    async with turns.place("one") as held, held.aside():
        await asyncio.Event().wait()
