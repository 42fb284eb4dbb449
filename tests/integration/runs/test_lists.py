"""Looking runs up: by whose name, how many, and where they stand."""

import time
from dataclasses import replace

import pytest

from folkmoot.db.work import Database
from folkmoot.kit.ids import ProcessId, RunId, UserId, new_id
from folkmoot.kit.page import Asked
from folkmoot.kit.subject import Subject
from folkmoot.runs import service
from folkmoot.runs.errors import RunNotFound
from folkmoot.runs.opening import INSERT_RUN, parameters
from folkmoot.runs.service import SEE_ALL, RunFilter
from folkmoot.runs.states import RunState
from running import new_run

pytestmark = pytest.mark.anyio

MANY = 10_000


async def store(database: Database, subject: Subject, client_id: str) -> RunId:
    """Store a run that nobody works on, under the client's name for it."""
    new = replace(new_run(subject, "run"), client_id=client_id)
    async with database.pipelined(subject) as connection:
        await connection.execute(INSERT_RUN, parameters(new, ProcessId(new_id())))
    return new.id


async def found(database: Database, subject: Subject, name: str) -> RunId:
    async with database.work(subject) as work:
        return (await service.get(work, name)).id


def colleague(subject: Subject, *permissions: str) -> Subject:
    return Subject(subject.org_id, UserId(new_id()), frozenset(permissions))


async def test_a_name_that_several_use_is_ones_own(database: Database, subject: Subject) -> None:
    operator, member = colleague(subject, SEE_ALL), colleague(subject)
    theirs = await store(database, member, "run-1")
    assert await found(database, operator, "run-1") == theirs
    own = await store(database, operator, "run-1")
    assert await found(database, operator, "run-1") == own
    assert await found(database, member, "run-1") == theirs


async def test_nobodys_name_for_a_run_hides_another_run(
    database: Database, subject: Subject
) -> None:
    operator, member = colleague(subject, SEE_ALL), colleague(subject)
    run_id = RunId(new_id())
    shadow = await store(database, member, str(run_id))
    new = replace(new_run(operator, "run"), id=run_id)
    async with database.pipelined(operator) as connection:
        await connection.execute(INSERT_RUN, parameters(new, ProcessId(new_id())))
    assert await found(database, operator, str(run_id)) == run_id
    assert await found(database, member, str(run_id)) == shadow


async def test_a_run_is_seen_by_who_asked_for_it_and_by_operators(
    database: Database, subject: Subject, other_subject: Subject
) -> None:
    member = colleague(subject)
    run_id = await store(database, member, "run-1")
    operators = [colleague(subject, SEE_ALL), colleague(other_subject, SEE_ALL)]
    assert await found(database, operators[0], str(run_id)) == run_id
    for stranger in (colleague(subject), operators[1]):
        with pytest.raises(RunNotFound):
            await found(database, stranger, str(run_id))
        async with database.work(stranger) as work:
            assert await service.own(work, "run-1") is None
    async with database.work(member) as work:
        own = await service.own(work, "run-1")
    assert own is not None
    assert own.id == run_id


async def test_states_are_told_of_the_organisations_runs_only(
    database: Database, subject: Subject, other_subject: Subject
) -> None:
    mine, theirs = [await store(database, each, "r") for each in (subject, other_subject)]
    async with database.work(subject) as work:
        assert await service.states(work, [mine, theirs]) == {mine: RunState.RUNNING}
        assert await service.active(work, ["nobody's"]) == {}


async def test_ten_thousand_runs_are_read_page_by_page_each_once(
    database: Database, subject: Subject
) -> None:
    async with database.pipelined(subject) as connection:
        await connection.execute(
            "INSERT INTO runs (org_id, id, user_id, kind, state, input, client_id, thread_id,"
            " fingerprint, attempt) SELECT %s, gen_random_uuid(), %s, 'run',"
            " CASE n %% 100 WHEN 0 THEN 'failed' ELSE 'finished' END, '{}', n, '', '', 1"
            " FROM generate_series(1, %s) AS n",
            (subject.org_id, subject.user_id, MANY),
        )
    seen: list[RunId] = []
    cursor: str | None = None
    slowest = 0.0
    async with database.work(subject) as work:
        while True:
            begun = time.perf_counter()
            asked = Asked("-created_at", 100, cursor)
            page = await service.browse(work, RunFilter(), asked)
            slowest = max(slowest, time.perf_counter() - begun)
            seen += [run.id for run in page.rows]
            cursor = page.next_cursor
            if cursor is None:
                break
            work.session.expunge_all()
        wanted = RunFilter("run", RunState.FAILED)
        failed = await service.browse(work, wanted, Asked("created_at", MANY))
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == MANY
    assert len(failed.rows) == MANY // 100
    assert slowest < 5
