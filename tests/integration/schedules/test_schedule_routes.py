"""Schedules over HTTP: made, shown, changed, paused and deleted, each by whoever may."""

from datetime import datetime
from typing import Any

import httpx
import pytest

from acting import Caller
from scheduling import DAILY, SCHEDULES, read, scheduled
from whole import person

pytestmark = pytest.mark.anyio


async def test_it_says_in_words_and_in_moments_when_it_asks(grace: Caller) -> None:
    schedule = await scheduled(grace)
    assert schedule["explained"] == "At 09:00 every day"
    moments = [datetime.fromisoformat(each) for each in schedule["next_runs"]]
    assert len(moments) == 5
    assert moments == sorted(set(moments))
    assert schedule["next_run_at"] == schedule["next_runs"][0]
    assert schedule["run"]["input"] == "What is new?"
    assert await read(grace, schedule) == schedule
    preview = await grace.ask("GET", "/api/v1/schedule-preview?cron=*/5 * * * MON&time_zone=UTC")
    assert preview.json()["explained"] == "Every fifth minute of every hour on Monday"
    assert len(preview.json()["next_runs"]) == 5


async def test_what_means_nothing_is_refused_and_said(grace: Caller) -> None:
    schedule = await scheduled(grace)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"cron": "every morning"}, "cron_unreadable"),
        ({"cron": "0 25 * * *"}, "cron_unreadable"),
        ({"time_zone": "Mars/Olympus"}, "time_zone_unknown"),
        ({"run": {"agent_id": "nobody", "input": "Hello"}}, "agent_not_found"),
        ({"most_failures": 0}, "invalid"),
    ]
    for change, code in wrong:
        made = await grace.ask("POST", SCHEDULES, {**DAILY, **change})
        changed = await grace.ask("PATCH", f"{SCHEDULES}/{schedule['id']}", change)
        assert [made.json()["code"], changed.json()["code"]] == [code, code]
    assert await read(grace, schedule) == schedule


async def test_a_change_says_which_version_it_means_and_moves_the_next_moment(
    grace: Caller,
) -> None:
    schedule = await scheduled(grace)
    at = f"{SCHEDULES}/{schedule['id']}"
    tag = (await grace.ask("GET", at)).headers["ETag"]
    change = {"cron": "30 6 1 1 *", "most_failures": None}
    changed = await grace.ask("PATCH", at, change, **{"If-Match": tag})
    assert changed.status_code == 200, changed.text
    assert changed.json()["next_run_at"] != schedule["next_run_at"]
    assert changed.json()["most_failures"] is None
    late = await grace.ask("PATCH", at, {"name": "Other"}, **{"If-Match": tag})
    assert late.status_code == httpx.codes.PRECONDITION_FAILED
    assert (await grace.ask("DELETE", at)).status_code == 204
    assert (await grace.ask("GET", at)).json()["code"] == "schedule_not_found"
    told = (await grace.ask("GET", "/api/v1/audit?target_type=schedule")).json()["items"]
    actions = ["schedule.created", "schedule.changed", "schedule.deleted"]
    assert sorted(each["action"] for each in told) == sorted(actions)


async def test_others_see_none_and_whoever_manages_them_may_stop_them_and_nothing_more(
    client: httpx.AsyncClient, grace: Caller, linus: Caller
) -> None:
    """Changed by somebody else, it would act in its maker's name."""
    schedule, eve = await scheduled(linus), await person(client, "eve")
    hers = await scheduled(grace)
    at = f"{SCHEDULES}/{schedule['id']}"
    assert (await eve.ask("GET", at)).json()["code"] == "schedule_not_found"
    theirs = await linus.ask("GET", f"{SCHEDULES}/{hers['id']}")
    assert theirs.json()["code"] == "schedule_not_found"
    assert [each["id"] for each in (await linus.ask("GET", SCHEDULES)).json()["items"]] == [
        schedule["id"]
    ]
    seen = (await grace.ask("GET", f"{SCHEDULES}?q=report&sort=created_at")).json()["items"]
    assert [each["id"] for each in seen] == [schedule["id"], hers["id"]]
    for method, path, body in (
        ("PATCH", at, {"name": "Mine"}),
        ("POST", f"{at}/run", None),
        ("POST", f"{at}/resume", None),
    ):
        answer = await grace.ask(method, path, body)
        assert answer.json()["code"] == "schedule_not_yours", path
    assert (await grace.ask("POST", f"{at}/pause")).json()["paused"] == "asked"
    again = (await linus.ask("POST", f"{at}/resume")).json()
    assert again["paused"] is None
    assert (await grace.ask("DELETE", at)).status_code == 204
