"""How budgets stand, and for whom it is told."""

from contextlib import AsyncExitStack
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from budgeting import limit
from folkmoot.db.work import Database
from folkmoot.identity.models import Team
from folkmoot.identity.permissions import MEMBER
from folkmoot.kit.ids import CallId, TeamId, UserId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs.lease import Lease
from folkmoot.settings.service import Settings
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says
from folkmoot.usage.budgets import Amounts, Budgets
from folkmoot.usage.limits import Asker
from talking import Platform, Talker, body
from using import Acting, acting_in

pytestmark = pytest.mark.anyio

BUDGETS = "/api/v1/budgets"
LINUS, TEAM = UserId(new_id()), TeamId(new_id())


async def told(acting: Acting, subject: Subject, **query: Any) -> list[dict[str, Any]]:
    answer = await acting(subject).get(BUDGETS, params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.fixture
async def budgets(database: Database, settings: Settings) -> Budgets:
    lease = Lease(database)
    await lease.join()
    return Budgets(database, settings, lambda: lease.process_id)


@pytest.fixture
async def team(database: Database, subject: Subject) -> TeamId:
    async with database.work(subject) as work:
        made = Team(org_id=subject.org_id, id=TEAM, name="Readers")
        work.session.add(made)
    return TEAM


async def reserve(
    budgets: Budgets, subject: Subject, amounts: Amounts, agent: Asker | None = None
) -> None:
    """Put aside what a call may cost, and leave it at that."""
    holding = await budgets.limits(subject, agent, None)
    counted = [each for each in holding if each.counted is not None]
    await budgets.reserve(subject, CallId(new_id()), amounts, counted)


@pytest.mark.core
async def test_what_is_spent_and_what_is_left_is_told_before_and_after_calls(
    acting: Acting, ada: Talker, serving: Platform, provider: FakeProvider
) -> None:
    provider.script([says("Yes."), says("Again.")])
    await ada.ask("Before any limit", "t1")
    await limit(serving.settings, ada.subject, "3 calls/month", "0.5 usd per run")
    before = await told(acting, ada.subject)
    assert [(each["limit"], each["spent"], each["left"], each["state"]) for each in before] == [
        ("3 calls/month", 1, 2, "ok"),
        ("0.5 usd per run", None, None, None),
    ]
    await ada.ask("With limits", "t2")
    month, run = await told(acting, ada.subject)
    assert (month["spent"], month["reserved"], month["warn_at"]) == (2, 0, 3)
    assert (month["unit"], month["amount"], month["level"]) == ("calls", 3, "organization")
    assert month["starts_at"] < month["resets_at"]
    assert (run["unit"], run["amount"], run["starts_at"]) == ("micro_usd", 500_000, None)


async def test_what_is_put_aside_is_told_and_what_is_used_up(
    acting: Acting, budgets: Budgets, subject: Subject
) -> None:
    await limit(budgets.settings, subject, "100 tokens/day", "9 calls")
    await reserve(budgets, subject, Amounts(5, 90, 1))
    tokens, calls = await told(acting, subject)
    assert (tokens["spent"], tokens["reserved"], tokens["left"]) == (0, 90, 10)
    assert (tokens["state"], calls["state"]) == ("warning", "ok")
    await reserve(budgets, subject, Amounts(5, 90, 1))
    assert [each["state"] for each in await told(acting, subject)] == ["exceeded", "ok"]
    assert [each["left"] for each in await told(acting, subject, limit=1)] == [0]
    assert [each["limit"] for each in await told(acting, subject, sort="-limit")] == [
        "9 calls",
        "100 tokens/day",
    ]


async def test_limits_that_are_counted_apart_are_told_to_those_they_count_and_those_who_manage(
    acting: Acting, budgets: Budgets, subject: Subject
) -> None:
    await limit(
        budgets.settings, subject, "5 calls per user", "6 calls per agent", "7 calls per team"
    )
    linus = replace(subject, user_id=LINUS, permissions=MEMBER, team_ids=(TEAM,))
    await reserve(budgets, linus, Amounts(calls=1), Asker("chat"))
    mine = await told(acting, linus)
    assert [(each["limit"], each["user_id"], each["team_id"]) for each in mine] == [
        ("5 calls per user", str(LINUS), None),
        ("7 calls per team", None, str(TEAM)),
    ]
    everything = await told(acting, subject, sort="limit")
    assert [(each["limit"], each["user_id"], each["reserved"]) for each in everything] == [
        *sorted(
            [
                ("5 calls per user", str(LINUS), 1),
                ("5 calls per user", str(subject.user_id), 0),
            ],
            key=lambda each: next(one["id"] for one in everything if one["user_id"] == each[1]),
        ),
        ("6 calls per agent", None, 1),
        ("7 calls per team", None, 1),
    ]
    assert [each["agent"] for each in everything if each["per"] == "agent"] == ["chat"]
    stranger = replace(linus, user_id=UserId(new_id()), team_ids=())
    (own,) = await told(acting, stranger)
    assert own["reserved"] == 0


async def test_who_looks_after_a_team_sees_how_its_own_limits_stand_for_its_people(
    acting: Acting, budgets: Budgets, subject: Subject, team: TeamId
) -> None:
    within = replace(subject, team_ids=(team,))
    await limit(budgets.settings, within, "5 calls per user", team_id=team)
    linus = replace(within, user_id=LINUS, permissions=MEMBER)
    await reserve(budgets, linus, Amounts(calls=1))
    admin = replace(
        linus,
        user_id=UserId(new_id()),
        team_permissions=MappingProxyType({team: frozenset({"team:write"})}),
    )
    seen = [(each["user_id"], each["reserved"]) for each in await told(acting, admin)]
    assert seen == [(str(LINUS), 1), (str(admin.user_id), 0)]
    assert [each["user_id"] for each in await told(acting, linus)] == [str(LINUS)]


async def test_an_agent_of_an_organisation_is_limited_by_its_slug_and_others_are_not(
    database: Database, ada: Talker, serving: Platform
) -> None:
    async with ada.http() as client:
        agent = {"slug": "support", "name": "Support", "system_prompt": "Help.", "publish": True}
        made = (await client.post("/api/v1/agents", json=agent)).json()
        said = ("1 calls per agent support", "1 calls per agent nobody")
        await limit(serving.settings, ada.subject, *said)
        answers = [
            (await client.post(f"/api/chat/{name}", json=body("Hello", thread))).status_code
            for name, thread in (("support", "t1"), (made["id"], "t2"), ("chat", "t3"))
        ]
    assert answers == [200, 402, 200]
    async with AsyncExitStack() as stack:
        find = serving.executor.registry.id_of
        acting = acting_in(stack, database, serving.settings, find)
        (only,) = await told(acting, ada.subject)
    assert (only["agent"], only["spent"], only["state"]) == (made["id"], 1, "exceeded")


async def test_a_limit_of_an_agent_holds_by_what_people_call_it(
    database: Database, settings: Settings, budgets: Budgets, subject: Subject
) -> None:
    id_ = str(new_id())

    async def find(_subject: Subject, name: str) -> str | None:
        return id_ if name == "support" else None

    await limit(settings, subject, "2 calls per agent support", "2 calls per agent gone")
    await reserve(budgets, subject, Amounts(calls=1), Asker(id_, "support"))
    async with AsyncExitStack() as stack:
        acting = acting_in(stack, database, settings, find)
        (only,) = await told(acting, subject)
    assert (only["agent"], only["reserved"], only["limit"]) == (id_, 1, "2 calls per agent support")
