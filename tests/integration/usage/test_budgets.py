"""Budgets: a hard stop that is one, also for many at once, several processes and dead ones."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from billing import ledger
from budgeting import limit
from folkmoot.db.work import Database
from folkmoot.kit.ids import CallId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs.errors import LeaseLost
from folkmoot.runs.lease import Lease
from folkmoot.settings.service import Settings
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import refuses, says, uses
from folkmoot.usage.budgets import Amounts, Budgets
from folkmoot.usage.errors import BudgetExceeded
from folkmoot.usage.models import BudgetCounter, BudgetReservation
from folkmoot.usage.windows import Window
from talking import Platform, Talker, body, custom, frames, platform

pytestmark = pytest.mark.anyio

MANY = 20
CODE = "budget_exceeded"


def refused(answer: httpx.Response) -> bool:
    """Whether a run was not begun, or came to the one end that tells of the budget."""
    if answer.status_code == 402:
        assert answer.json()["code"] == CODE
        return True
    stream = frames(answer.content)
    ends = [each for each in stream if each.type in {"RUN_FINISHED", "RUN_ERROR"}]
    assert len(ends) == 1
    return ends[0].event.get("code") == CODE


@pytest.mark.core
@pytest.mark.parametrize("unit", ["1 calls/day", "1 tokens/month", "0.000001 usd/month"])
async def test_of_twenty_runs_in_two_processes_one_gets_the_last_unit(
    ada: Talker,
    serving: Platform,
    provider: FakeProvider,
    app_address: str,
    writer_address: str,
    superuser_address: str,
    unit: str,
) -> None:
    provider.script([says("Only I have answered.", delay=0.05)] * MANY)
    await limit(serving.settings, ada.subject, unit)
    async with platform(app_address, writer_address, provider) as second:
        talkers = [ada, second.talker(ada.subject)] * (MANY // 2)
        asked = (each.post(body("Me?", f"t{n}")) for n, each in enumerate(talkers))
        answers = await asyncio.gather(*asked)
    assert sum(not refused(each) for each in answers) == 1
    assert len(provider.chats) == 1
    assert len(ledger(superuser_address)) == 1


async def test_a_run_is_not_begun_where_nothing_is_left_and_says_until_when(
    ada: Talker, eve: Talker, serving: Platform, provider: FakeProvider
) -> None:
    await limit(serving.settings, ada.subject, "1 calls/month")
    await ada.ask("First?", "t1")
    answer = await ada.post(body("Second?", "t2"))
    assert answer.status_code == 402
    problem = answer.json()
    assert (problem["code"], problem["limit"], problem["level"]) == (
        CODE,
        "1 calls/month",
        "organization",
    )
    assert problem["resets_at"] > "2026"
    async with ada.http() as client:
        listed = (await client.get("/api/v1/conversations")).json()["items"]
    assert [each["id"] for each in listed] == ["t1"]  # what was not begun has left nothing
    assert (await eve.ask("And elsewhere?", "t1"))[-1].type == "RUN_FINISHED"
    assert len(provider.chats) == 2


async def test_a_turn_that_was_answered_is_shown_again_when_nothing_is_left(
    ada: Talker, serving: Platform
) -> None:
    await limit(serving.settings, ada.subject, "1 calls")
    asked = body("First?", "t1")
    first, again = await ada.post(asked), await ada.post(asked)
    assert again.status_code == 200
    assert frames(again.content)[-1].event == frames(first.content)[-1].event


async def test_a_run_ends_in_the_middle_when_its_own_limit_is_used_up(
    ada: Talker, serving: Platform, provider: FakeProvider
) -> None:
    provider.script([uses("clock", {})] * 5)
    await limit(serving.settings, ada.subject, "2 calls per run")
    for thread in ("t1", "t2"):  # each run has its own
        stream = await ada.ask("What time is it?", thread, workflow="tools")
        assert stream[-1].type == "RUN_ERROR"
        assert stream[-1].event["code"] == CODE
        assert len(custom(stream, "model.used")) == 2
    assert len(provider.chats) == 4


async def test_what_was_spent_before_a_limit_was_set_counts(ada: Talker, serving: Platform) -> None:
    await ada.ask("Before", "t1")
    await limit(serving.settings, ada.subject, "1 calls/month", "1000 calls/day")
    assert (await ada.ask("After", "t2"))[-1].event["code"] == CODE
    assert (await ada.post(body("Later", "t3"))).status_code == 402


async def test_when_much_is_gone_the_run_says_so_once(
    ada: Talker, serving: Platform, provider: FakeProvider
) -> None:
    provider.script([says("One."), uses("clock", {}), says("Noon.")])
    await limit(serving.settings, ada.subject, "4 calls/day", soft_warning_percent=25)
    assert custom(await ada.ask("First?", "t1"), "budget.warned") == []
    (told,) = custom(await ada.ask("Time?", "t2", workflow="tools"), "budget.warned")
    assert told.pop("resets_at") is not None
    assert told == {
        "limit": "4 calls/day",
        "level": "organization",
        "used": 1,
        "amount": 4,
        "unit": "calls",
    }


async def test_what_costs_nothing_is_no_matter_of_money(
    ada: Talker, serving: Platform, superuser_address: str
) -> None:
    await limit(serving.settings, ada.subject, monthly_limit_usd=0)
    assert (await ada.post(body("Dear?", "t1"))).status_code == 200
    stream = await ada.ask("Cheap?", "t2", model="offline:extractive")
    assert stream[-1].type == "RUN_FINISHED"
    (row,) = ledger(superuser_address)
    assert (row["model"], row["micro_usd"]) == ("extractive", 0)


async def test_a_call_that_came_to_nothing_is_given_back(
    ada: Talker, serving: Platform, provider: FakeProvider
) -> None:
    provider.script([refuses(503), says("Here.")])
    await limit(serving.settings, ada.subject, "1 calls/day")
    assert (await ada.ask("Anybody?", "t1"))[-1].type == "RUN_ERROR"
    await serving.accounts.ledger.flush()
    assert (await ada.ask("And now?", "t2"))[-1].type == "RUN_FINISHED"


def budgets_of(lease: Lease) -> Budgets:
    return Budgets(lease.database, Settings(lease.database), lambda: lease.process_id)


@pytest.fixture
async def processes(app_address: str) -> AsyncIterator[Sequence[tuple[Lease, Budgets]]]:
    """Two processes, each with a lease; they know settings of their own."""
    databases = [Database(app_address) for _ in range(2)]
    made: list[tuple[Lease, Budgets]] = []
    for database in databases:
        await database.open()
        lease = Lease(database)
        await lease.join()
        made.append((lease, budgets_of(lease)))
    yield made
    for database in databases:
        await database.close()


async def test_what_a_dead_process_has_put_aside_is_free_again(
    processes: Sequence[tuple[Lease, Budgets]], subject: Subject
) -> None:
    (dying, first), (_, second) = processes
    await limit(second.settings, subject, "1 calls")
    holding = await second.limits(subject, None, None)
    most = Amounts(calls=1)
    await first.reserve(subject, CallId(new_id()), most, holding)
    with pytest.raises(BudgetExceeded):
        await second.reserve(subject, CallId(new_id()), most, holding)
    await dying.die(dying.process_id)
    (standing,) = await second.reserve(subject, CallId(new_id()), most, holding)
    assert not standing.used_up
    with pytest.raises(BudgetExceeded):
        await second.reserve(subject, CallId(new_id()), most, holding)


async def test_a_process_without_a_lease_puts_nothing_aside(
    processes: Sequence[tuple[Lease, Budgets]], subject: Subject
) -> None:
    (lease, budgets), _ = processes
    await limit(budgets.settings, subject, "5 calls")
    holding = await budgets.limits(subject, None, None)
    lease.process_id = None
    with pytest.raises(LeaseLost):
        await budgets.reserve(subject, CallId(new_id()), Amounts(calls=1), holding)
    assert await budgets.reserve(subject, CallId(new_id()), Amounts(calls=1), ()) == ()


async def test_what_was_counted_of_days_that_are_over_goes(
    processes: Sequence[tuple[Lease, Budgets]], subject: Subject
) -> None:
    _, (lease, budgets) = processes
    await limit(budgets.settings, subject, "9 calls/day")
    (today,) = await budgets.limits(subject, None, None)
    assert today.window.ends_at is not None
    begun, ended = (at - timedelta(days=3) for at in (today.window.starts_at, today.window.ends_at))
    before = replace(today, window=Window(begun, ended))
    for each in (before, today):
        await budgets.reserve(subject, CallId(new_id()), Amounts(calls=1), [each])
    async with lease.database.work(subject) as work:
        kept = (await work.session.scalars(select(BudgetCounter))).all()
        held = (await work.session.scalars(select(BudgetReservation))).all()
    assert [each.id for each in kept] == [each.counter_id for each in held] == [today.counter_id]


async def test_many_who_reserve_of_several_limits_at_once_wait_for_each_other_and_no_longer(
    processes: Sequence[tuple[Lease, Budgets]], subject: Subject
) -> None:
    (_, first), (_, second) = processes
    await limit(first.settings, subject, "7 calls", "1000 tokens/day per user", "9 calls/month")
    holding = await first.limits(subject, None, None)

    async def take(budgets: Budgets) -> object:
        try:
            await budgets.reserve(subject, CallId(new_id()), Amounts(0, 1, 1), holding)
        except BudgetExceeded as error:
            return error.members["limit"]
        return None

    taken = await asyncio.gather(*(take(each) for each in (first, second) * MANY))
    assert taken.count(None) == 7
    assert set(taken) == {None, "7 calls"}


def test_a_problem_is_json() -> None:
    assert json.dumps(BudgetExceeded("5 calls", "team").members) == (
        '{"limit": "5 calls", "level": "team", "resets_at": null}'
    )
