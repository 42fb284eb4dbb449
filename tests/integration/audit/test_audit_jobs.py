"""The worker brings events to sinks and removes old ones by itself."""

import asyncio

import pytest

from ending import end
from fake_opensearch import PASSWORD, USER, fake_opensearch
from folkmoot import options
from folkmoot.audit import jobs
from folkmoot.audit.retention import Retention
from folkmoot.db.work import Database
from folkmoot.jobs.queue import Queue
from folkmoot.kit.subject import Subject
from folkmoot.settings.deployment import Deployment
from running import until
from trailing import actions_of, days_ago, leave

pytestmark = pytest.mark.anyio


async def test_a_worker_brings_events_to_the_sink_that_is_configured(
    database: Database, subject: Subject, app_address: str
) -> None:
    await leave(database, subject, "thing.made")
    async with fake_opensearch() as fake, Queue(app_address) as queue:
        deployment = Deployment.model_validate(
            {
                "audit_opensearch_url": fake.url,
                "audit_opensearch_user": USER,
                "audit_opensearch_password": PASSWORD,
            }
        )
        sinks = options.sinks(deployment)
        jobs.register(queue, database, sinks=sinks, keep_days=365)
        working = asyncio.create_task(queue.work(name="test", concurrency=1))
        await until(lambda: bool(fake.documents.get("folkmoot-audit")))
        await end(working)
        assert list(fake.documents["folkmoot-audit"]) == [f"{subject.org_id}:1"]


async def test_a_worker_removes_what_is_old_at_its_time(
    database: Database, subject: Subject, app_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = asyncio.Event()

    class Telling(Retention):
        async def remove(self) -> None:
            await super().remove()
            done.set()

    monkeypatch.setattr(jobs, "EVERY_HOUR", jobs.EVERY_MINUTE)
    monkeypatch.setattr(jobs, "Retention", Telling)
    with days_ago(400):
        await leave(database, subject, "thing.made")
    async with Queue(app_address) as queue:
        jobs.register(queue, database, sinks=[], keep_days=365)
        working = asyncio.create_task(queue.work(name="test", concurrency=1))
        async with asyncio.timeout(60):
            await done.wait()
        await end(working)
    assert await actions_of(database, subject) == ["audit.truncated"]


async def test_nothing_is_done_where_nothing_is_configured(database: Database) -> None:
    assert options.sinks(Deployment()) == []
    queue = Queue("")
    jobs.register(queue, database, sinks=[], keep_days=None)
    assert queue._jobs == {}
