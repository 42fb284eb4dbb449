"""Which limits hold for whom, and until when."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from folkmoot.kit.ids import OrgId, TeamId, UserId, new_id
from folkmoot.kit.subject import Subject, deployment
from folkmoot.settings.budgets import WRITTEN, Limit, Per, Period, Unit, parse
from folkmoot.settings.groups import TYPES, Budget, Defaults, General, Group
from folkmoot.settings.resolver import Layer, Level
from folkmoot.settings.service import Holding
from folkmoot.usage.limits import Asker, Counted, in_force
from folkmoot.usage.windows import EVER, window, zone

ORG, ADA, TEAM = OrgId(new_id()), UserId(new_id()), TeamId(new_id())
ALONE = Subject(ORG, ADA)
TOGETHER = replace(ALONE, team_ids=(TEAM,), team_id=TEAM)
NOW = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)


def holding(*budgets: Layer[Any], defaults: Budget | None = None, **general: Any) -> Holding:
    said: dict[Group, Any] = dict.fromkeys(TYPES, ())
    said[Group.BUDGET] = budgets
    said[Group.GENERAL] = (Layer(level=Level.ORGANIZATION, values=General(**general)),)
    return Holding(Defaults(budget=defaults or Budget()), said)


def layer(level: Level, *limits: str, **more: Any) -> Layer[Any]:
    override = {name: more.pop(name) for name in list(more) if name.startswith("allow")}
    return Layer(level=level, values=Budget(limits=list(limits) or None, **more), **override)


def told(held: Holding, subject: Subject, agent: Asker | None = None) -> list[tuple[str, str, Any]]:
    return [
        (each.level.value, each.limit.text, each.counted) for each in in_force(held, subject, agent)
    ]


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("500 usd/month", Limit("", 500_000_000, Unit.USD, Period.MONTH)),
        ("0.000001 usd", Limit("", 1, Unit.USD)),
        ("20000 tokens/day per user", Limit("", 20_000, Unit.TOKENS, Period.DAY, Per.USER)),
        ("5 calls per run", Limit("", 5, Unit.CALLS, Period.TOTAL, Per.RUN)),
        ("1 calls per agent", Limit("", 1, Unit.CALLS, Period.TOTAL, Per.AGENT)),
        ("1 calls/day per agent my-1", Limit("", 1, Unit.CALLS, Period.DAY, Per.AGENT, "my-1")),
    ],
)
def test_limits_are_read_as_they_are_written(text: str, limit: Limit) -> None:
    assert re.fullmatch(WRITTEN, text)
    assert parse(text) == replace(limit, text=text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "5 eur/day",
        "-1 calls",
        "1.5 tokens",
        "5 calls/week",
        "5 calls per run x",
        "5  calls",
    ],
)
def test_nothing_else_can_be_set(text: str) -> None:
    with pytest.raises(ValidationError):
        Budget(limits=[text])


def test_what_is_no_limit_at_all_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="500 usd/month"):
        parse("plenty")


def test_without_a_limit_nothing_holds() -> None:
    assert told(holding(), TOGETHER, Asker("chat")) == []


def test_each_layer_has_a_purse_of_its_own() -> None:
    held = holding(
        layer(Level.ORGANIZATION, monthly_limit_usd=500.0, daily_calls=9),
        layer(Level.TEAM, "5 calls"),
        layer(Level.USER, "3 calls"),
    )
    assert told(held, TOGETHER) == [
        ("organization", "500 usd/month", Counted()),
        ("organization", "9 calls/day", Counted()),
        ("team", "5 calls", Counted(team_id=TEAM)),
        ("user", "3 calls", Counted(user_id=ADA)),
    ]


def test_what_an_organization_says_takes_the_place_of_what_the_deployment_does() -> None:
    defaults = Budget(daily_calls=100, limits=["7 tokens"])
    held = holding(layer(Level.ORGANIZATION, daily_calls=200), defaults=defaults)
    assert told(held, ALONE) == [
        ("organization", "200 calls/day", Counted()),
        ("deployment", "7 tokens", Counted()),
    ]


def test_what_is_locked_below_does_not_count() -> None:
    closed = layer(Level.ORGANIZATION, "9 calls", allow_team_override=False)
    held = holding(closed, layer(Level.TEAM, "1 calls"), layer(Level.USER, "2 calls"))
    assert [level for level, _, _ in told(held, TOGETHER)] == ["organization", "user"]


def test_what_is_counted_apart_is_counted_for_those_who_ask() -> None:
    held = holding(
        layer(
            Level.ORGANIZATION,
            "1 calls per team",
            "2 calls per user",
            "3 calls per agent",
            "4 calls per agent other",
            "5 calls per run",
        )
    )
    assert told(held, TOGETHER, Asker("chat")) == [
        ("organization", "1 calls per team", Counted(team_id=TEAM)),
        ("organization", "2 calls per user", Counted(user_id=ADA)),
        ("organization", "3 calls per agent", Counted(agent="chat")),
        ("organization", "5 calls per run", None),
    ]
    assert told(held, deployment(ORG)) == [("organization", "5 calls per run", None)]
    team = holding(layer(Level.TEAM, "2 calls per user"))
    assert told(team, TOGETHER) == [
        ("team", "2 calls per user", Counted(team_id=TEAM, user_id=ADA))
    ]


def test_days_and_months_are_those_of_the_organization() -> None:
    held = holding(layer(Level.ORGANIZATION, "1 calls/day", "1 calls/month", "1 calls"))
    day, month, ever = (each.window for each in in_force(held, ALONE, None, NOW))
    assert day.ends_at == month.ends_at == datetime(2026, 4, 1, tzinfo=UTC)
    assert ever == EVER
    held = holding(layer(Level.ORGANIZATION, "1 calls/month"), time_zone="Europe/Berlin")
    (there,) = in_force(held, ALONE, None, NOW)  # where April has begun
    assert there.window.starts_at == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert there.window.ends_at == datetime(2026, 4, 30, 22, tzinfo=UTC)
    assert there.counter_id != month


def test_the_day_on_which_clocks_are_changed_is_a_day() -> None:
    changed = window(Period.DAY, datetime(2026, 3, 29, 12, tzinfo=UTC), zone("Europe/Berlin"))
    assert changed.ends_at is not None
    assert (changed.ends_at - changed.starts_at).total_seconds() == 23 * 3600
    for unknown in ("Nowhere/Land", None, ""):
        assert zone(unknown).key == "UTC"
