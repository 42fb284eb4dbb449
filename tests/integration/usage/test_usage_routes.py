"""What has been used, as its routes tell it: groups, sums, pages, files, and to whom."""

import csv
import io
from dataclasses import replace
from datetime import UTC, timedelta
from types import MappingProxyType
from typing import Any, Final

import httpx
import orjson
import pytest

from folkmoot.db.work import Database
from folkmoot.identity.permissions import MEMBER
from folkmoot.kit import clock
from folkmoot.kit.ids import CallId, RunId, TeamId, UserId, new_id
from folkmoot.kit.page import Asked, seal
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.settings.groups import Group
from folkmoot.settings.schemas import WRITES
from folkmoot.settings.service import Settings
from folkmoot.usage import exporting
from folkmoot.usage.models import ModelCall
from using import Acting

pytestmark = pytest.mark.anyio

USAGE: Final = "/api/v1/usage"
TODAY: Final = clock.now().astimezone(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
LINUS, TEAM = UserId(new_id()), TeamId(new_id())
RUN: Final = RunId(new_id())
YESTERDAY: Final = (TODAY - timedelta(days=1)).date().isoformat()
SORTS: Final = ("group", "micro_usd", "tokens", "calls")


def call(subject: Subject, **more: Any) -> ModelCall:
    """Return a call; one that costs as many millionths as its prompt has tokens."""
    values: dict[str, Any] = {
        "id": CallId(new_id()),
        "at": TODAY - timedelta(days=1),
        "user_id": subject.user_id,
        "team_id": None,
        "agent": "chat",
        "run_id": None,
        "conversation": None,
        "provider": "openai",
        "model": "small",
        "operation": "chat",
        "input_tokens": 100,
        "output_tokens": 10,
        "cached_input_tokens": 40,
        "reasoning_tokens": 5,
        "micro_usd": 100,
        "estimated": False,
    }
    return ModelCall(org_id=subject.org_id, **(values | more))


@pytest.fixture
async def used(database: Database, subject: Subject, other_subject: Subject) -> None:
    """A ledger: yesterday four calls of three models for three people, another long ago."""
    mine = [
        call(subject),
        call(subject, model="large", micro_usd=2_000_000, conversation="t1", run_id=RUN),
        call(subject, user_id=LINUS, team_id=TEAM, model="=odd", micro_usd=None, estimated=True),
        call(subject, user_id=None, agent=None, operation="embedding", output_tokens=0),
        call(subject, at=TODAY - timedelta(days=90)),
    ]
    for whose, calls in ((subject, mine), (other_subject, [call(other_subject, model="theirs")])):
        async with database.work(whose) as work:
            work.session.add_all(calls)


@pytest.fixture
def ask(acting: Acting, subject: Subject, used: None) -> httpx.AsyncClient:
    """A client of somebody who owns the organisation."""
    return acting(subject)


async def told(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get(USAGE, params=query)
    assert answer.status_code == httpx.codes.OK, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.core
async def test_usage_is_summed_up_by_day_and_over_all(ask: httpx.AsyncClient) -> None:
    page = (await ask.get(USAGE, params={"group_by": "day"})).json()
    (day,) = page["items"]
    assert day["day"] == YESTERDAY
    sums = {
        "calls": 4,
        "input_tokens": 400,
        "output_tokens": 30,
        "cached_input_tokens": 160,
        "reasoning_tokens": 20,
        "micro_usd": 2_000_200,
        "unpriced_calls": 1,
        "estimated_calls": 1,
        "cached_answers": 0,
    }
    assert page["total"] == sums
    assert {name: day[name] for name in sums} == sums
    assert day["model"] is day["user_id"] is page["next_cursor"] is None
    assert (page["currency"], page["time_zone"]) == ("USD", "UTC")
    assert page["since"] < day["day"] < page["until"]


@pytest.mark.parametrize(
    ("by", "field", "groups"),
    [
        ("model", "model", ["=odd", "large", "small"]),
        ("provider", "provider", ["openai"]),
        ("operation", "operation", ["chat", "embedding"]),
        ("agent", "agent", [None, "chat"]),
        ("team", "team_id", [None, str(TEAM)]),
        ("conversation", "conversation_id", [None, "t1"]),
        ("run", "run_id", [None, str(RUN)]),
        ("month", "month", [(TODAY - timedelta(days=1)).strftime("%Y-%m")]),
    ],
)
async def test_each_grouping_tells_its_groups_apart(
    ask: httpx.AsyncClient, by: str, field: str, groups: list[str | None]
) -> None:
    found = await told(ask, group_by=by)
    assert [each[field] for each in found] == groups
    assert sum(each["calls"] for each in found) == 4
    assert len({each["id"] for each in found}) == len(groups)


async def test_filters_choose_calls_and_several_groupings_go_together(
    ask: httpx.AsyncClient, subject: Subject
) -> None:
    found = await told(ask, group_by=["user", "model"], operation="chat")
    told_apart = {(each["user_id"], each["model"]): each["micro_usd"] for each in found}
    me = str(subject.user_id)
    assert told_apart == {(me, "small"): 100, (me, "large"): 2_000_000, (str(LINUS), "=odd"): 0}
    for name, value in (
        ("model", "large"),
        ("conversation_id", "t1"),
        ("run_id", str(RUN)),
        ("user_id", me),
    ):
        (only,) = await told(ask, group_by="model", sort="-tokens", limit=1, **{name: value})
        assert only["model"] in {"large", "small"}
    assert await told(ask, agent="nobody") == []
    earlier = await told(ask, group_by="day", since=(TODAY - timedelta(days=100)).isoformat())
    assert [each["calls"] for each in earlier] == [1, 4]


@pytest.mark.parametrize("order", SORTS)
async def test_groups_come_by_pages_in_each_order(ask: httpx.AsyncClient, order: str) -> None:
    for sort in (order, f"-{order}"):
        whole = await told(ask, group_by="model", sort=sort, limit=100)
        walked: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            query = {"group_by": "model", "sort": sort, "limit": "1"}
            given = query if cursor is None else query | {"cursor": cursor}
            page = (await ask.get(USAGE, params=given)).json()
            walked += page["items"]
            assert page["total"]["calls"] == 4  # of all, on each page
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert walked == whole
        assert len(whole) == 3


async def test_cursors_and_times_that_mean_nothing_are_refused(ask: httpx.AsyncClient) -> None:
    page = await ask.get(USAGE, params={"group_by": "model", "limit": 1})
    cursor = page.json()["next_cursor"]
    for query in (
        {"group_by": "agent"},
        {"group_by": "model", "sort": "-group"},
        {"group_by": "model", "sort": "calls"},
    ):
        other = await ask.get(USAGE, params={**query, "cursor": cursor})
        assert (other.status_code, other.json()["code"]) == (422, "cursor_invalid")
    for days in (-1, 401):
        since = TODAY - timedelta(days=days)
        times = {"since": since.isoformat(), "until": TODAY.isoformat()}
        for path in (USAGE, f"{USAGE}/export"):
            refused = await ask.get(path, params=times)
            assert (refused.status_code, refused.json()["code"]) == (422, "range_invalid")
    for path in (USAGE, f"{USAGE}/export"):
        twice = await ask.get(path, params={"group_by": ["day", "day"]})
        assert (twice.status_code, twice.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize("place", [("1",), ("one", "=small"), (str(2**63), "=small")])
async def test_a_cursor_that_somebody_made_up_is_refused(
    ask: httpx.AsyncClient, place: tuple[str, ...]
) -> None:
    made_up = seal("usage:model", Asked("calls"), *place)
    query = {"group_by": "model", "sort": "calls", "cursor": made_up}
    refused = await ask.get(USAGE, params=query)
    assert (refused.status_code, refused.json()["code"]) == (422, "cursor_invalid")


async def test_one_sees_what_was_called_for_oneself_and_whoever_manages_it_what_was_for_all(
    acting: Acting, ask: httpx.AsyncClient, subject: Subject
) -> None:
    member = replace(subject, user_id=LINUS, permissions=MEMBER)
    nobody = replace(member, user_id=UserId(new_id()))
    admin = replace(
        nobody,
        team_ids=(TEAM,),
        team_permissions=MappingProxyType({TEAM: frozenset({"team:write"})}),
    )
    seen = {}
    for name, someone in (("member", member), ("nobody", nobody), ("admin", admin)):
        client = acting(someone)
        seen[name] = [each["model"] for each in await told(client, group_by="model")]
        assert await told(client, group_by="model", user_id=str(subject.user_id)) == []
    assert seen == {"member": ["=odd"], "nobody": [], "admin": ["=odd"]}
    assert len(await told(ask, group_by="model")) == 3


async def test_days_are_those_of_the_organisation(
    settings: Settings, ask: httpx.AsyncClient, subject: Subject, database: Database
) -> None:
    late = (TODAY - timedelta(days=1)).replace(hour=23)
    async with database.work(subject) as work:
        work.session.add(call(subject, at=late, model="late"))
    general = WRITES[Group.GENERAL].model_validate({"values": {"time_zone": "Asia/Tokyo"}})
    at = (Scope.ORGANIZATION, None)
    await settings.replace(subject, Group.GENERAL, at, general, lambda _current: None)
    (there,) = await told(ask, model="late", until=(TODAY + timedelta(days=1)).isoformat())
    assert there["day"] == TODAY.date().isoformat()


async def test_usage_is_taken_along_as_a_table_and_as_lines(
    ask: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PAGE", 2)
    query: dict[str, Any] = {"group_by": ["model", "agent"]}
    answer = await ask.get(f"{USAGE}/export", params=query)
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="usage.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["model"], row["agent"], row["usd"]) for row in rows] == [
        ("'=odd", "chat", "0"),
        ("large", "chat", "2"),
        ("small", "", "0.0001"),
        ("small", "chat", "0.0001"),
    ]
    lines = await ask.get(f"{USAGE}/export", params=query | {"format": "jsonl"})
    found = [orjson.loads(line) for line in lines.text.splitlines()]
    assert [each["micro_usd"] for each in found] == [0, 2_000_000, 100, 100]
    groups = [(each["day"], each["model"]) for each in await told(ask)]
    assert groups == [(YESTERDAY, name) for name in ("=odd", "large", "small")]
    nothing = await ask.get(f"{USAGE}/export", params={"model": "none"})
    assert len(nothing.text.splitlines()) == 1
