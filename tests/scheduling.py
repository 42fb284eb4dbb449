"""Schedules in tests: made over HTTP, and due when a test says so."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import psycopg

from acting import Caller

SCHEDULES: Final = "/api/v1/schedules"
DAILY: Final[Mapping[str, Any]] = {
    "name": "Morning report",
    "run": {"agent_id": "chat", "input": "What is new?"},
    "cron": "0 9 * * *",
    "time_zone": "Europe/Warsaw",
}
Json = dict[str, Any]


async def scheduled(who: Caller, **more: Any) -> Json:
    """Make a schedule."""
    made = await who.ask("POST", SCHEDULES, {**DAILY, **more})
    assert made.status_code == 201, made.text
    schedule: Json = made.json()
    return schedule


async def read(who: Caller, schedule: Json) -> Json:
    answer = await who.ask("GET", f"{SCHEDULES}/{schedule['id']}")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def ticks(who: Caller, schedule: Json) -> list[Json]:
    """Return what came of a schedule, the first moment first."""
    answer = await who.ask("GET", f"{SCHEDULES}/{schedule['id']}/ticks?sort=created_at")
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


async def outcomes(who: Caller, schedule: Json) -> list[str]:
    return [tick["outcome"] for tick in await ticks(who, schedule)]


def fall_due(superuser: str, schedule: Json, *, late: timedelta = timedelta(seconds=1)) -> None:
    """Let its next moment be one that is past."""
    with psycopg.connect(superuser) as connection:
        connection.execute(
            "UPDATE schedules SET next_run_at = now() - %s WHERE id = %s", (late, schedule["id"])
        )
