"""Places at a provider: bounded, given in turn, and never lost."""

import asyncio
from collections.abc import Sequence

import pytest

from folkmoot.kit.ids import OrgId, new_id
from folkmoot.llm.config import Bounds
from folkmoot.llm.errors import ModelBusy
from folkmoot.llm.resilience.lanes import Lanes

pytestmark = pytest.mark.anyio

BIG, SMALL, THIRD = OrgId(new_id()), OrgId(new_id()), OrgId(new_id())
MODEL = "openai:m"


async def waiting(lanes: Lanes, *orgs: OrgId) -> Sequence["asyncio.Task[None]"]:
    """Let calls wait; return them when they do."""
    tasks = [asyncio.create_task(lanes.take(org, MODEL)) for org in orgs]
    await asyncio.sleep(0)
    return tasks


async def turns(lanes: Lanes, calls: Sequence[tuple[OrgId, "asyncio.Task[None]"]]) -> list[OrgId]:
    """Give one place back after the other; return who got it."""
    order: list[OrgId] = []
    left = list(calls)
    while left:
        await asyncio.sleep(0)
        for org, task in [each for each in left if each[1].done()]:
            order.append(org)
            left.remove((org, task))
            lanes.leave(org)
    return order


async def test_no_more_calls_are_made_than_there_are_places() -> None:
    lanes = Lanes("p", Bounds(places=2), common=False)
    first, second, third = await waiting(lanes, BIG, BIG, BIG)
    assert (first.done(), second.done(), third.done()) == (True, True, False)
    lanes.leave(BIG)
    await third
    lanes.leave(BIG)
    lanes.leave(BIG)


async def test_organisations_take_turns_however_many_of_their_calls_wait() -> None:
    lanes = Lanes("p", Bounds(places=1, waiting=10_000))
    await lanes.take(THIRD, MODEL)
    many = await waiting(lanes, *[BIG] * 1_000)
    few = await waiting(lanes, SMALL, SMALL)
    lanes.leave(THIRD)
    calls = [*((BIG, task) for task in many), *((SMALL, task) for task in few)]
    order = await turns(lanes, calls)
    assert order[:5] == [BIG, SMALL, BIG, SMALL, BIG]
    assert len(order) == 1_002


async def test_a_quarter_of_a_common_key_is_free_for_the_others() -> None:
    lanes = Lanes("p", Bounds(places=8))
    held = await waiting(lanes, *[BIG] * 20)
    assert sum(task.done() for task in held) == 6
    await lanes.take(SMALL, MODEL)
    await lanes.take(THIRD, MODEL)
    (late,) = await waiting(lanes, SMALL)
    assert not late.done()
    lanes.leave(THIRD)
    await late
    for task in held:
        task.cancel()
    await asyncio.gather(*held, return_exceptions=True)


async def test_a_key_of_ones_own_is_ones_own() -> None:
    lanes = Lanes("p", Bounds(places=8), common=False)
    held = await waiting(lanes, *[BIG] * 8)
    assert all(task.done() for task in held)


async def test_whoever_can_not_even_wait_is_refused_at_once() -> None:
    lanes = Lanes("p", Bounds(places=1, waiting=2))
    await lanes.take(BIG, MODEL)
    held = await waiting(lanes, BIG, BIG)
    with pytest.raises(ModelBusy) as refused:
        await lanes.take(BIG, MODEL)
    assert (refused.value.status, refused.value.retry_after) == (429, 5)
    with pytest.raises(ModelBusy):
        lanes.demand_room(BIG, MODEL)
    lanes.demand_room(SMALL, MODEL)
    lanes.leave(BIG)
    assert await turns(lanes, [(BIG, task) for task in held]) == [BIG, BIG]


async def test_nobody_waits_longer_than_they_may() -> None:
    lanes = Lanes("p", Bounds(places=1, patience=0.01))
    await lanes.take(BIG, MODEL)
    with pytest.raises(ModelBusy):
        await lanes.take(SMALL, MODEL)
    lanes.leave(BIG)
    await lanes.take(SMALL, MODEL)


async def test_a_place_is_not_lost_with_whoever_leaves_while_they_get_it() -> None:
    lanes = Lanes("p", Bounds(places=1))
    await lanes.take(BIG, MODEL)
    going, staying = await waiting(lanes, BIG, SMALL)
    lanes.leave(BIG)  # the place is given, and nobody has woken yet
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    await staying
    gone = (await waiting(lanes, BIG))[0]
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    lanes.leave(SMALL)
    await lanes.take(BIG, MODEL)
