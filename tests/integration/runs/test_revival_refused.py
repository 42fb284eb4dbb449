"""Runs that cannot be brought back to life, or not yet."""

import asyncio
from collections.abc import Sequence

import pytest

from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.kit.errors import Forbidden
from folkmoot.kit.ids import OrgId, UserId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs import background, service
from folkmoot.runs.lease import Claimed
from folkmoot.runs.supervisor import MOST_DEATHS
from losing import append, finish, read, store
from running import StartProcess, any_subject, new_run, tamper, types

pytestmark = pytest.mark.anyio

PATIENCE = 60.0


async def test_a_run_of_somebody_who_may_no_longer_do_this_fails(
    start: StartProcess, subject: Subject
) -> None:
    async def refuse(_org: OrgId, _user: UserId, _scopes: Sequence[str] | None) -> Subject:
        raise Forbidden("You left.")

    running = await start({"run": finish}, subjects=refuse)
    new = new_run(subject, "run")
    await store(running.database, new)
    assert await read(running, new) == ["run.started", "run.failed"]


async def test_a_run_that_cannot_be_revived_holds_up_no_other(
    start: StartProcess, subject: Subject
) -> None:
    somebody = UserId(new_id())

    async def fail(org: OrgId, user: UserId, scopes: Sequence[str] | None) -> Subject:
        if user == somebody:
            raise ZeroDivisionError
        return await any_subject(org, user, scopes)

    other = await start({})
    broken = new_run(Subject(subject.org_id, somebody), "run")
    runs = [broken, *(new_run(subject, "run") for _ in range(3))]
    for new in runs:
        await store(other.database, new)
    running = await start({"run": finish}, subjects=fail)
    for new in runs[1:]:
        assert await read(running, new) == ["run.started", "run.finished"]
    assert types(await running.reader.whole(subject, broken.id)) == []


async def test_a_run_that_ends_while_it_is_brought_back_is_left_alone(
    start: StartProcess, subject: Subject, owner_address: str
) -> None:
    """As when it was given up, or belongs to another process by then."""
    tried = asyncio.Event()

    async def end(org: OrgId, user: UserId, scopes: Sequence[str] | None) -> Subject:
        tamper(owner_address, "UPDATE runs SET state = 'failed'")
        tried.set()
        return await any_subject(org, user, scopes)

    new = new_run(subject, "run")
    await store((await start({})).database, new)
    running = await start({"run": finish}, subjects=end)
    async with asyncio.timeout(PATIENCE):
        await tried.wait()
        await running.supervisor._revive_or_tell(
            Claimed(subject.org_id, new.id, subject.user_id, running.supervisor.process_id)
        )
    assert types(await running.reader.whole(subject, new.id)) == []
    assert running.supervisor.hub.live == {}


async def test_failures_before_a_run_can_go_on_are_no_attempts(
    start: StartProcess, subject: Subject, owner_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often its process fails to bring it back, it has never been tried."""
    monkeypatch.setattr(background, "BEAT", 0.02)
    failures = 2 * MOST_DEATHS

    async def fail(org: OrgId, user: UserId, scopes: Sequence[str] | None) -> Subject:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise DatabaseUnavailable
        return await any_subject(org, user, scopes)

    new = new_run(subject, "run")
    await store((await start({})).database, new)
    tamper(owner_address, "UPDATE runs SET started_at = now() - interval '11 seconds'")
    running = await start({"run": finish}, subjects=fail)
    assert await read(running, new) == ["run.started", "run.finished"]
    async with running.database.work(subject) as work:
        row = await service.get(work, str(new.id))
    assert (row.attempt, row.deaths) == (2, 0)


@pytest.mark.parametrize(
    "odd",
    [
        ("step.started", {"name": "think"}),
        ("message.delta", {"messageId": "m1", "delta": 7}),
        ("model.used", {"value": {"provider": 1}}),
        ("step.finished", []),
    ],
)
async def test_a_run_whose_log_cannot_be_understood_fails_and_harms_nobody(
    start: StartProcess, subject: Subject, owner_address: str, odd: tuple[str, dict[str, object]]
) -> None:
    new, other = new_run(subject, "run"), new_run(subject, "run")
    idle = await start({})
    for each in (new, other):
        await store(idle.database, each)
    append(
        owner_address,
        new,
        ("run.started", {}),
        ("step.started", {"stepName": "open"}),
        ("message.started", {"messageId": "m1", "role": "assistant"}),
        odd,
    )
    running = await start({"run": finish})
    assert (await read(running, other))[-1] == "run.finished"
    assert (await read(running, new))[-1] == "run.failed"
    assert (await read(running, new)).count("run.failed") == 1
    async with running.database.work(subject) as work:
        assert (await service.get(work, str(new.id))).error_code == "log_unreadable"
