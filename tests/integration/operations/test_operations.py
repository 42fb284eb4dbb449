"""What platform admins see of jobs and runs of everybody, and what they do about it."""

from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from acting import Caller
from folkmoot.assembly import Parts
from folkmoot.jobs.library import RETRIES
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.subject import Subject
from whole import until, working

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/platform/jobs"
RUNS = "/api/v1/platform/runs"
KEY = "Bearer abcdefghijklmnopqrstuvwx0123"
DUE = "UPDATE procrastinate_jobs SET attempts = %s, scheduled_at = NULL WHERE status = 'todo'"
Json = dict[str, Any]


async def broken(*, org_id: str, thing: str) -> None:
    raise ValueError(f"{thing} of ada@example.org was not let in with {KEY}")


async def dead(parts: Parts, who: Caller, root: Caller, superuser: str, *things: str) -> list[Json]:
    """Let jobs of somebody's organisation fail each time that they are tried."""
    subject = Subject(OrgId(UUID(who.place)), UserId(UUID(who.id)))
    async with parts.database.work(subject) as work:
        for thing in things:
            await parts.queue.defer(work, "test.broken", org_id=who.place, thing=thing)
    with psycopg.connect(superuser) as connection:
        connection.execute(DUE, (RETRIES,))
    found: list[Json] = []

    async def all_dead() -> bool:
        found[:] = await items(root, f"{JOBS}?state=dead&kind=test.broken")
        return len(found) == len(things)

    async with working(parts):
        await until(all_dead)
    return found


async def items(who: Caller, path: str) -> list[Json]:
    answer = await who.ask("GET", path)
    assert answer.status_code == 200, answer.text
    listed: list[Json] = answer.json()["items"]
    return listed


async def actions(who: Caller, target: str) -> list[str]:
    told = await items(who, f"/api/v1/audit?target_type={target}")
    return [each["action"] for each in told]


async def test_a_job_that_failed_each_time_is_seen_tried_once_more_and_discarded(
    parts: Parts, grace: Caller, root: Caller, superuser_address: str
) -> None:
    parts.queue.register("test.broken", broken, queue="test")
    first, second = await dead(parts, grace, root, superuser_address, "one", "two")
    assert first["organization_id"] == grace.place
    assert first["error"] == (
        "ValueError: two of [redacted e-mail] was not let in with Bearer [redacted token]"
    )
    assert await items(root, f"{JOBS}?state=dead&organization_id={root.place}") == []
    shown = (await root.ask("GET", f"{JOBS}/{first['id']}")).json()
    assert shown["about"] == {"org_id": grace.place, "thing": "two"}
    assert (shown["queue"], shown["state"]) == ("test", "dead")
    at = f"{JOBS}/{first['id']}"
    assert (await root.ask("POST", f"{at}/retry")).status_code == 204
    assert (await root.ask("GET", at)).json()["state"] == "waiting"
    assert (await root.ask("POST", f"{at}/retry")).json()["code"] == "job_not_dead"
    assert (await root.ask("DELETE", at)).json()["code"] == "job_not_dead"
    assert (await root.ask("DELETE", f"{JOBS}/{second['id']}")).status_code == 204
    assert (await root.ask("GET", f"{JOBS}/{second['id']}")).json()["code"] == "job_not_found"
    assert await actions(grace, "job") == ["job.discarded", "job.retried"]
    assert (await grace.ask("GET", JOBS)).json()["code"] == "platform_admin_needed"


async def test_runs_of_all_organisations_are_seen_and_cancelled_but_not_read(
    grace: Caller, root: Caller
) -> None:
    asked = {"agent_id": "chat", "input": "A secret of ours"}
    run = (await grace.ask("POST", "/api/v1/runs", asked)).json()
    (seen,) = await items(root, f"{RUNS}?kind=agent&organization_id={grace.place}")
    assert (seen["id"], seen["state"], seen["agent"]) == (run["id"], "queued", "chat")
    assert seen["process"] is None
    assert "secret" not in str(seen)
    assert await items(root, f"{RUNS}?organization_id={root.place}") == []
    assert await items(root, f"{RUNS}?before=2001-01-01T00:00:00Z") == []
    cancel = f"{RUNS}/{run['id']}/cancel"
    for _ in range(2):
        assert (await root.ask("POST", cancel)).status_code == 204
    (ended,) = await items(root, f"{RUNS}?state=cancelled")
    assert (ended["id"], ended["process"] is None) == (run["id"], False)
    assert (await root.ask("POST", f"{RUNS}/{grace.place}/cancel")).json()["code"] == (
        "run_not_found"
    )
    assert await actions(grace, "run") == ["run.cancelled"]
    assert (await grace.ask("POST", cancel)).json()["code"] == "platform_admin_needed"


async def test_people_are_told_whether_they_look_after_the_deployment(
    client: httpx.AsyncClient, grace: Caller, root: Caller
) -> None:
    told = [(await who.ask("GET", "/api/v1/me")).json()["platform_admin"] for who in (grace, root)]
    assert told == [False, True]
    made = await root.ask("POST", "/api/v1/api-keys", {"name": "import"})
    key = {"Authorization": f"Bearer {made.json()['key']}"}
    by_key = await client.get("/api/v1/me", headers=key)
    assert by_key.json()["platform_admin"] is False  # a key is for one organisation
