"""Sums of days that are over: what they tell is what the ledger does, whatever comes late."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any, Final

import psycopg
import pytest
from sqlalchemy import text

from budgeting import limit
from folkmoot.db.work import Database
from folkmoot.identity.permissions import MEMBER, OWNER
from folkmoot.kit import clock
from folkmoot.kit.ids import CallId, RunId, TeamId, UserId, new_id
from folkmoot.kit.page import Asked
from folkmoot.kit.personal import Person
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.settings.groups import Group
from folkmoot.settings.schemas import WRITES
from folkmoot.settings.service import Settings
from folkmoot.usage import reporting, totals
from folkmoot.usage.grouping import By
from folkmoot.usage.models import ModelCall
from folkmoot.usage.personal import OwnUsage
from folkmoot.usage.reporting import Report, Span, UsageFilter
from folkmoot.usage.standing import Standings
from folkmoot.usage.totals import Totals
from using import no_agent

pytestmark = pytest.mark.anyio

NOW: Final = clock.now()
USERS: Final = [UserId(new_id()) for _ in range(3)]
TEAM: Final = TeamId(new_id())
ZONES: Final = ("UTC", "Asia/Kathmandu", "America/New_York")
GROUPS: Final = ((By.DAY, By.MODEL), (By.MONTH,), (By.USER, By.TEAM), (By.AGENT, By.OPERATION))


def called(subject: Subject, at: datetime, dice: random.Random) -> ModelCall:
    reuse = dice.choice([None, None, "exact"])
    return ModelCall(
        org_id=subject.org_id,
        id=CallId(new_id()),
        at=at,
        user_id=dice.choice([*USERS, None, subject.user_id]),
        team_id=dice.choice([TEAM, None]),
        agent=dice.choice(["chat", None]),
        run_id=RunId(new_id()),
        conversation=dice.choice(["t1", "t2"]),
        provider="openai",
        model=dice.choice(["small", "large"]),
        operation=dice.choice(["chat", "embeddings"]),
        input_tokens=dice.randrange(100),
        output_tokens=dice.randrange(100),
        cached_input_tokens=1,
        reasoning_tokens=2,
        micro_usd=dice.choice([None, 0, 7, 11]),
        estimated=dice.random() < 0.3,
        reuse=reuse,
    )


@pytest.fixture
async def book(database: Database, subject: Subject, other_subject: Subject) -> Totals:
    """A ledger of 60 days in which much happens, and nothing summed up yet."""
    dice = random.Random(11)
    for whose in (subject, other_subject):
        spans = [timedelta(minutes=dice.randrange(60 * 24 * 60)) for _ in range(300)]
        async with database.work(whose) as work:
            work.session.add_all([called(whose, NOW - each, dice) for each in spans])
    return Totals(database, Settings(database))


async def told(
    database: Database, subject: Subject, zone: str = "UTC", most: int = 2
) -> Sequence[Any]:
    """Return reports of all kinds: of odd times, by members and owners, in a zone's days."""
    spans = [
        (NOW - timedelta(days=70), NOW),
        (NOW - timedelta(days=30, minutes=77), NOW - timedelta(days=2, minutes=13)),
        (NOW - timedelta(hours=5), NOW),
    ]
    member = replace(subject, permissions=MEMBER)
    wanted = [UsageFilter(), UsageFilter(model="small", user_id=USERS[0])]
    found: list[Any] = []
    for place, ((since, until), by) in enumerate(list(product(spans, GROUPS))[:most]):
        report = Report(Span(since, until, zone), by, wanted[place % 2])
        who = member if place % 3 else subject
        page, total = await reporting.summed(database, who, report, Asked("group", 500, None))
        found.append(([dict(row) for row in page.rows], dict(total)))
    return found


async def test_what_comes_late_waits_for_nobody_who_closes_a_day(
    database: Database, subject: Subject, book: Totals, app_address: str
) -> None:
    await book.run()
    before, others = await told(database, subject), Database(app_address)
    await others.open()
    try:
        async with database.work(subject) as closing:
            await totals.hold(closing)
            async with others.work(subject) as work:
                await work.session.execute(text("SET LOCAL lock_timeout = 1000"))
                work.session.add(called(subject, NOW - timedelta(days=20), random.Random(3)))
            with_it = await told(others, subject)
            assert await totals.close_some(closing, "UTC", NOW)  # the first ten days of them
        assert with_it != before
        assert await told(database, subject) == with_it
        await book.run()
        assert await told(database, subject) == with_it
        async with database.work(subject) as work:
            assert await totals.check(work) is None
    finally:
        await others.close()


async def days(database: Database, subject: Subject) -> int:
    async with database.work(subject) as work:
        counted = await work.session.scalar(text("SELECT count(DISTINCT day) FROM usage_days"))
        return int(counted or 0)


@pytest.mark.core
@pytest.mark.parametrize("zone", ZONES)
async def test_reports_tell_the_same_with_sums_as_without(
    database: Database, subject: Subject, book: Totals, zone: str
) -> None:
    before = await told(database, subject, zone, 12), await told(database, subject, "Asia/Tokyo")
    data = WRITES[Group.GENERAL].model_validate({"values": {"time_zone": zone}})
    at = (Scope.ORGANIZATION, None)
    owner = replace(subject, permissions=OWNER)
    await book.settings.replace(owner, Group.GENERAL, at, data, lambda _current: None)
    await book.run()
    assert await days(database, subject) > 50
    after = await told(database, subject, zone, 12), await told(database, subject, "Asia/Tokyo")
    assert after == before
    async with database.work(subject) as work:
        assert await totals.check(work) is None


async def test_what_comes_late_opens_its_days_again_and_what_is_wrong_is_mended(
    database: Database, subject: Subject, book: Totals, superuser_address: str
) -> None:
    await book.run()
    late = called(subject, NOW - timedelta(days=20), random.Random(3))
    before = await told(database, subject)
    async with database.work(subject) as work:
        work.session.add(late)
    after = await told(database, subject)
    assert after != before
    await book.run()
    assert await told(database, subject) == after
    with psycopg.connect(superuser_address, autocommit=True) as superuser:
        superuser.execute("UPDATE usage_days SET calls = calls + 1 WHERE day = current_date - 9")
    assert await told(database, subject) != after
    await book.check()
    assert await told(database, subject) == after
    async with database.work(subject) as work:
        assert await totals.check(work) is None


async def test_sums_lose_their_person_with_the_ledger(
    database: Database, subject: Subject, book: Totals
) -> None:
    await book.run()
    person = Person(user_id=USERS[0], places=(subject.org_id,))
    await OwnUsage(database).erase(person)
    report = Report(Span(NOW - timedelta(days=90), NOW, "UTC"), (By.USER,), UsageFilter())
    page, total = await reporting.summed(database, subject, report, Asked("group", 50, None))
    assert USERS[0] not in {row["user_id"] for row in page.rows}
    assert sum(row["input_tokens"] for row in page.rows) == total["input_tokens"] > 0
    async with database.work(subject) as work:
        assert await totals.check(work) is None


async def test_budgets_and_reports_read_no_ledger_of_days_that_are_summed(
    database: Database, subject: Subject, book: Totals, superuser_address: str
) -> None:
    await limit(book.settings, subject, "1000000 tokens", "900000 tokens per user")
    standings = Standings(database, book.settings, no_agent)
    spent = {each.holds: each.spent for each in await standings.of(subject)}
    assert len(spent) == 2
    await book.run()
    before = await told(database, subject)
    with psycopg.connect(superuser_address, autocommit=True) as superuser:
        gone = superuser.execute("DELETE FROM model_calls WHERE at < now() - interval '3 days'")
        assert gone.rowcount > 500
        superuser.execute("ANALYZE")
    assert {each.holds: each.spent for each in await standings.of(subject)} == spent
    assert (await told(database, subject))[:1] == before[:1]
