"""What is done when schedules are due."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb

from acting import Caller
from conftest import SECRET_KEY
from folkmoot.assembly import Parts
from folkmoot.conversations.background import Background
from folkmoot.conversations.opened import Opened
from folkmoot.conversations.schemas import BackgroundRun
from folkmoot.db.work import Database
from folkmoot.kit.ids import RunId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.mail.carrier import Carrier
from folkmoot.mail.envelopes import Envelopes
from folkmoot.mail.smtp import MailServer
from folkmoot.schedules.telling import Telling
from folkmoot.schedules.ticking import Ticking
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import hangs, refuses, says, uses
from posting import post_office
from scheduling import DAILY, SCHEDULES, fall_due, outcomes, read, scheduled, ticks
from whole import until

pytestmark = pytest.mark.anyio

RACES = 100
LETTERS = "SELECT args FROM procrastinate_jobs WHERE task_name = 'schedules.tell'"
FILL = """
INSERT INTO schedules (org_id, id, user_id, name, asked, cron, time_zone, overlap, catch_up,
                       failures, next_run_at, created_at, updated_at)
SELECT %(org)s, gen_random_uuid(), %(user)s, n::text, %(asked)s, '0 0 1 1 *', 'UTC', 'skip', 'once',
       0, now() - interval '1 second', now(), now()
FROM generate_series(1, %(races)s) AS n
"""


@dataclass(frozen=True)
class Counting(Background):
    """Begins nothing and counts."""

    begun: list[str] = field(default_factory=list[str])

    async def start(
        self, subject: Subject, data: BackgroundRun, *, name: str | None = None
    ) -> Opened:
        self.begun.append(name or "")
        return Opened(RunId(new_id()), begun=True)


async def worked(parts: Parts, who: Caller) -> None:
    """Let all that is queued be worked to its end, and look what came of it."""
    taking = asyncio.create_task(parts.unattended.taking.work())

    async def done() -> bool:
        states = {run["state"] for run in await runs(who)}
        return not states & {"queued", "running"}

    try:
        await until(done)
    finally:
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
    await parts.unattended.ticking.tick()


async def runs(who: Caller) -> list[dict[str, Any]]:
    answer = await who.ask("GET", "/api/v1/runs?kind=agent")
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.core
async def test_what_is_due_is_asked_once_and_answered_by_a_worker(
    parts: Parts, grace: Caller, superuser_address: str, provider: FakeProvider
) -> None:
    provider.script([says("Nothing.")])
    schedule = await scheduled(grace)
    await parts.unattended.ticking.tick()
    assert await runs(grace) == []
    fall_due(superuser_address, schedule)
    for _ in range(3):
        await parts.unattended.ticking.tick()
    (run,) = await runs(grace)
    assert run["state"] == "queued"
    with psycopg.connect(superuser_address) as connection:  # as if it had died before it said so
        connection.execute("UPDATE schedule_ticks SET outcome = 'waiting', run_id = NULL")
    await parts.unattended.ticking.tick()
    assert [each["id"] for each in await runs(grace)] == [run["id"]]
    await worked(parts, grace)
    (tick,) = await ticks(grace, schedule)
    assert (tick["outcome"], tick["run_id"], tick["by_hand"]) == ("finished", run["id"], False)
    assert (await read(grace, schedule))["next_run_at"] == schedule["next_run_at"]
    said = await grace.ask("GET", f"/api/v1/conversations/{run['conversation_id']}/messages")
    assert [each["content"] for each in said.json()["items"]] == ["What is new?", "Nothing."]


async def test_one_whose_time_zone_is_known_no_more_is_shown_and_paused_and_can_be_mended(
    parts: Parts, grace: Caller, superuser_address: str
) -> None:
    schedule, at = await scheduled(grace), SCHEDULES
    with psycopg.connect(superuser_address) as connection:
        connection.execute("UPDATE schedules SET time_zone = 'Europe/Atlantis'")
    (shown,) = (await grace.ask("GET", at)).json()["items"]
    assert (shown["broken"], shown["explained"], shown["next_runs"]) == (
        "time_zone_unknown",
        "",
        [],
    )
    at = f"{SCHEDULES}/{schedule['id']}"
    assert (await grace.ask("PATCH", at, {"name": "Report"})).status_code == 200
    fall_due(superuser_address, schedule)
    await parts.unattended.ticking.tick()
    assert (await read(grace, schedule))["paused"] == "broken"
    assert await ticks(grace, schedule) == []
    with psycopg.connect(superuser_address) as connection:
        assert len(connection.execute(LETTERS).fetchall()) == 1
    assert (await grace.ask("POST", f"{at}/resume")).json()["code"] == "time_zone_unknown"
    assert (await grace.ask("PATCH", at, {"time_zone": "UTC"})).status_code == 200
    resumed = (await grace.ask("POST", f"{at}/resume")).json()
    assert (resumed["paused"], resumed["broken"]) == (None, None)


async def test_a_moment_that_a_clock_behind_names_again_is_asked_once(
    parts: Parts, grace: Caller, superuser_address: str
) -> None:
    schedule = await scheduled(grace)
    fall_due(superuser_address, schedule)
    await parts.unattended.ticking.tick()
    with psycopg.connect(superuser_address) as connection:
        connection.execute("UPDATE schedules SET next_run_at = (SELECT due_at FROM schedule_ticks)")
    await parts.unattended.ticking.tick()
    assert len(await runs(grace)) == len(await ticks(grace, schedule)) == 1
    assert (await read(grace, schedule))["next_run_at"] == schedule["next_run_at"]


async def test_of_two_processes_that_see_a_moment_one_asks_in_a_hundred_races(
    parts: Parts, grace: Caller, superuser_address: str, app_address: str
) -> None:
    with psycopg.connect(superuser_address) as connection:
        values = {"org": grace.place, "user": grace.id, "races": RACES}
        connection.execute(FILL, {**values, "asked": Jsonb(DAILY["run"])})
    other = Database(app_address)
    await other.open()
    try:
        counting = Counting(parts.turns, 1)
        both = [Ticking(database, counting) for database in (parts.database, other)]
        await asyncio.gather(*(each.tick() for each in both))
    finally:
        await other.close()
    with psycopg.connect(superuser_address) as connection:
        rows = connection.execute("SELECT id::text, outcome FROM schedule_ticks").fetchall()
    assert len(rows) == RACES
    assert {outcome for _, outcome in rows} == {"started"}
    assert sorted(set(counting.begun)) == sorted(tick for tick, _ in rows)


async def test_what_is_due_while_the_last_run_goes_on_is_left_out_or_waits_in_line(
    parts: Parts, grace: Caller, superuser_address: str, provider: FakeProvider
) -> None:
    provider.script([says("One."), says("Two."), says("Three.")])
    skipping = await scheduled(grace, overlap="skip")
    queueing = await scheduled(grace, overlap="queue")
    for _ in range(3):
        fall_due(superuser_address, skipping)
        fall_due(superuser_address, queueing)
        await parts.unattended.ticking.tick()
    assert await outcomes(grace, skipping) == ["started", "skipped", "skipped"]
    assert await outcomes(grace, queueing) == ["started", "waiting", "skipped"]
    for _ in range(2):
        await worked(parts, grace)
    assert await outcomes(grace, skipping) == ["finished", "skipped", "skipped"]
    assert await outcomes(grace, queueing) == ["finished", "finished", "skipped"]


async def test_what_nobody_was_there_for_is_asked_once_or_not_at_all(
    parts: Parts, grace: Caller, superuser_address: str
) -> None:
    for catch_up, outcome in (("once", "started"), ("skip", "missed")):
        schedule = await scheduled(grace, catch_up=catch_up)
        fall_due(superuser_address, schedule, late=timedelta(days=3))
        await parts.unattended.ticking.tick()
        assert await outcomes(grace, schedule) == [outcome]
        assert (await read(grace, schedule))["next_run_at"] == schedule["next_run_at"]


async def test_one_that_fails_again_and_again_is_paused_and_says_so(
    parts: Parts, grace: Caller, superuser_address: str, provider: FakeProvider
) -> None:
    provider.script([refuses(400)] * 2)
    schedule = await scheduled(grace, most_failures=2)
    for _ in range(2):
        fall_due(superuser_address, schedule)
        await parts.unattended.ticking.tick()
        await worked(parts, grace)
    paused = await read(grace, schedule)
    assert (paused["paused"], paused["failures"]) == ("failures", 2)
    assert (paused["next_run_at"], paused["next_runs"]) == (None, [])
    assert [tick["error_code"] for tick in await ticks(grace, schedule)] == ["model_rejected"] * 2
    told = (await grace.ask("GET", "/api/v1/audit?action=schedule.paused")).json()["items"]
    assert told[0]["after"]["why"] == "failures"
    with psycopg.connect(superuser_address) as connection:
        ((asked,),) = connection.execute(LETTERS).fetchall()
    async with post_office() as office:
        server = MailServer(office.url, "folkmoot@example.org")
        carrier = Carrier(parts.database, server, Envelopes(SECRET_KEY))
        telling = Telling(parts.database, carrier, "https://folkmoot.example/")
        await telling.tell(**asked)
        recipient, letter = await office.letter()
        assert (recipient, letter["subject"]) == (grace.email, "“Morning report” is paused")
        said = letter.get_content()
        assert "failed 2 times in a row" in said
        assert f"https://folkmoot.example/settings/schedules/{schedule['id']}\r\n" in said
        resumed = (await grace.ask("POST", f"{SCHEDULES}/{schedule['id']}/resume")).json()
        await telling.tell(**asked)
        assert not office.letters  # it goes on by now
    assert (resumed["paused"], resumed["failures"]) == (None, 0)


async def test_it_is_paused_when_its_maker_has_lost_their_key_or_their_place(
    parts: Parts,
    client: httpx.AsyncClient,
    grace: Caller,
    linus: Caller,
    superuser_address: str,
) -> None:
    wanted = {"name": "nightly", "scopes": ["schedules:write", "agents:run"]}
    key = (await linus.ask("POST", "/api/v1/api-keys", wanted)).json()
    by_key = await client.post(SCHEDULES, json=dict(DAILY), headers={"X-API-Key": key["key"]})
    assert by_key.status_code == 201, by_key.text
    by_hand = await scheduled(linus)
    member = f"/api/v1/organizations/{grace.place}/members/{linus.id}"
    for schedule, who, lost in (
        (by_key.json(), linus, f"/api/v1/api-keys/{key['id']}"),
        (by_hand, grace, member),
    ):
        assert (await who.ask("DELETE", lost)).is_success
        fall_due(superuser_address, schedule)
        await parts.unattended.ticking.tick()
        (tick,) = await ticks(grace, schedule)
        assert (tick["outcome"], tick["error_code"]) == ("refused", "no_longer_admitted")
        assert (await read(grace, schedule))["paused"] == "place"
    told = (await grace.ask("GET", "/api/v1/audit?action=schedule.paused")).json()["items"]
    assert [each["after"]["why"] for each in told] == ["place", "place"]
    assert await runs(grace) == []


async def test_one_that_waits_for_a_decision_is_on_its_way_until_what_continues_it_ends(
    parts: Parts, grace: Caller, superuser_address: str, provider: FakeProvider
) -> None:
    told = await grace.ask(
        "PATCH",
        "/api/v1/settings/guardrails?scope=user",
        {"values": {"approve_always": ["clock"]}},
        **{"If-Match": "*"},
    )
    assert told.is_success, told.text
    provider.script([uses("clock"), says("Noon.")])
    asked = {**DAILY["run"], "workflow": "tools"}
    schedule = await scheduled(grace, run=asked)
    fall_due(superuser_address, schedule)
    await parts.unattended.ticking.tick()
    await worked(parts, grace)
    assert await outcomes(grace, schedule) == ["started"]
    (question,) = (await grace.ask("GET", "/api/v1/approvals")).json()["items"]
    decided = await grace.ask(
        "POST", f"/api/v1/approvals/{question['id']}", {"decision": "approve"}
    )
    assert decided.is_success, decided.text
    await worked(parts, grace)
    assert await outcomes(grace, schedule) == ["finished"]


async def test_where_nothing_is_left_of_a_budget_nothing_is_asked_and_the_tick_says_so(
    parts: Parts, grace: Caller, superuser_address: str, provider: FakeProvider
) -> None:
    spent = {"values": {"limits": ["1 calls/day"]}}
    path = "/api/v1/settings/budget?scope=organization"
    told = await grace.ask("PATCH", path, spent, **{"If-Match": "*"})
    assert told.is_success, told.text
    schedule = await scheduled(grace)
    for _ in range(2):
        fall_due(superuser_address, schedule)
        await parts.unattended.ticking.tick()
        await worked(parts, grace)
    assert [(tick["outcome"], tick["error_code"]) for tick in await ticks(grace, schedule)] == [
        ("finished", None),
        ("refused", "budget_exceeded"),
    ]
    assert len(provider.chats) == 1


async def test_it_is_run_by_hand_also_while_it_is_paused_and_no_failure_then_counts(
    parts: Parts, grace: Caller, provider: FakeProvider
) -> None:
    provider.script([hangs()])
    schedule = await scheduled(grace)
    at = f"{SCHEDULES}/{schedule['id']}"
    assert (await grace.ask("POST", f"{at}/pause")).json()["paused"] == "asked"
    begun = await grace.ask("POST", f"{at}/run")
    assert begun.status_code == 202, begun.text
    (tick,) = await ticks(grace, schedule)
    assert (tick["by_hand"], tick["run_id"]) == (True, begun.json()["id"])
    cancelled = await grace.ask("POST", f"/api/v1/runs/{tick['run_id']}/cancel")
    assert cancelled.is_success
    await worked(parts, grace)
    assert await outcomes(grace, schedule) == ["cancelled"]
    odd = await scheduled(grace, run={**DAILY["run"], "workflow": "odd"})
    refused = await grace.ask("POST", f"{SCHEDULES}/{odd['id']}/run")
    assert refused.json()["code"] == "workflow_unknown"
    (tick,) = await ticks(grace, odd)
    assert (tick["outcome"], tick["error_code"]) == ("refused", "workflow_unknown")
    assert (await read(grace, odd))["failures"] == 0


async def test_one_that_is_broken_is_in_no_others_way(
    parts: Parts, grace: Caller, superuser_address: str
) -> None:
    broken, whole = await scheduled(grace), await scheduled(grace)
    for each in (broken, whole):
        fall_due(superuser_address, each)
    with psycopg.connect(superuser_address) as connection:
        connection.execute(
            "UPDATE schedules SET time_zone = 'Europe/Atlantis' WHERE id = %s", (broken["id"],)
        )
    await parts.unattended.ticking.tick()
    assert await outcomes(grace, broken) == []
    assert await outcomes(grace, whole) == ["started"]
