"""What the role that writes logs may do, tried in SQL: append, end, and nothing else."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from folkmoot.db.work import Database
from folkmoot.kit.ids import ProcessId, RunId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs import statements
from folkmoot.runs.lease import Lease
from folkmoot.runs.opening import INSERT_RUN, parameters
from running import new_run

pytestmark = pytest.mark.anyio

Row = tuple[Subject, RunId]


@pytest.fixture
def writer(writer_address: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(writer_address, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def process_id(database: Database) -> ProcessId:
    """A living process."""
    return await Lease(database).join()


async def stored(database: Database, subject: Subject, process_id: ProcessId) -> Row:
    new = new_run(subject, "run")
    async with database.pipelined(subject) as connection:
        await connection.execute(INSERT_RUN, parameters(new, process_id))
    return subject, new.id


def append(
    writer: psycopg.Connection[tuple[Any, ...]],
    process_id: ProcessId,
    rows: list[Row],
    listed: list[Subject],
    *,
    ends: list[Row] | None = None,
) -> int:
    """Send a batch as the writer does; return how many events it appended."""
    events = [
        {"o": str(subject.org_id), "r": str(run_id), "s": 1, "a": 1, "t": "x", "p": "{}", "h": ""}
        for subject, run_id in rows
    ]
    told = [
        {"o": str(subject.org_id), "r": str(run_id), "t": "finished", "s": 1, "h": ""}
        for subject, run_id in ends or ()
    ]
    orgs = "{" + ",".join(str(subject.org_id) for subject in listed) + "}"
    arguments = [orgs, str(process_id), json.dumps(events)]
    if told:
        arguments.append(json.dumps(told))
    statement = statements.batch(ends=bool(told), projections=())
    row = writer.execute(statement, [*arguments, "sender:"]).fetchone()
    assert row is not None
    return int(row[0])


async def counts(database: Database, rows: list[Row]) -> list[tuple[int, str]]:
    """Return how long each run's log is, and its state."""
    found: list[tuple[int, str]] = []
    for subject, run_id in rows:
        async with database.pipelined(subject) as connection:
            cursor = await connection.execute(
                "SELECT (SELECT count(*) FROM run_events WHERE run_id = r.id), state"
                " FROM runs AS r WHERE id = %s",
                (run_id,),
            )
        row = await cursor.fetchone()
        assert row is not None
        found.append((int(str(row[0])), str(row[1])))
    return found


async def test_a_batch_of_several_organisations_is_written_whole(
    database: Database,
    writer: psycopg.Connection[tuple[Any, ...]],
    process_id: ProcessId,
    subject: Subject,
    other_subject: Subject,
) -> None:
    """The list is set before the first row is looked at, in one statement."""
    rows = [await stored(database, each, process_id) for each in (subject, other_subject)]
    assert append(writer, process_id, rows, [subject, other_subject], ends=rows[1:]) == 2
    assert await counts(database, rows) == [(1, "running"), (1, "finished")]


@pytest.mark.parametrize("ends", [False, True])
async def test_one_row_of_an_organisation_that_is_not_listed_refuses_the_whole_batch(
    database: Database,
    writer: psycopg.Connection[tuple[Any, ...]],
    process_id: ProcessId,
    subject: Subject,
    other_subject: Subject,
    ends: bool,
) -> None:
    rows = [await stored(database, each, process_id) for each in (subject, other_subject)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        append(writer, process_id, rows, [subject], ends=rows if ends else None)
    assert await counts(database, rows) == [(0, "running"), (0, "running")]


async def test_the_run_of_an_organisation_that_is_not_listed_is_not_ended(
    database: Database,
    writer: psycopg.Connection[tuple[Any, ...]],
    process_id: ProcessId,
    subject: Subject,
    other_subject: Subject,
) -> None:
    rows = [await stored(database, each, process_id) for each in (subject, other_subject)]
    append(writer, process_id, rows[:1], [subject], ends=rows)
    assert await counts(database, rows) == [(1, "finished"), (0, "running")]


async def test_the_list_ends_with_its_batch(
    database: Database,
    writer: psycopg.Connection[tuple[Any, ...]],
    process_id: ProcessId,
    subject: Subject,
) -> None:
    row = await stored(database, subject, process_id)
    append(writer, process_id, [row], [subject])
    assert writer.execute("SELECT current_setting('app.orgs', true)").fetchone() == ("",)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        writer.execute(
            "INSERT INTO run_events (org_id, run_id, seq, at_ms, type, hash)"
            " VALUES (%s, %s, 2, 1, 'x', '')",
            (subject.org_id, row[1]),
        )


@pytest.mark.parametrize("lease", ["lapsed", "unknown"])
async def test_without_a_lease_nothing_is_written_and_nothing_is_ended(
    database: Database,
    writer: psycopg.Connection[tuple[Any, ...]],
    process_id: ProcessId,
    subject: Subject,
    lease: str,
) -> None:
    row = await stored(database, subject, process_id)
    if lease == "lapsed":
        await Lease(database).die(process_id)
    sender = process_id if lease == "lapsed" else ProcessId(new_id())
    assert append(writer, sender, [row], [subject], ends=[row]) == 0
    assert await counts(database, [row]) == [(0, "running")]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT payload FROM run_events",
        "UPDATE run_events SET payload = NULL",
        "DELETE FROM run_events",
        "TRUNCATE run_events",
        "SELECT input FROM runs",
        "UPDATE runs SET input = '{}'",
        "INSERT INTO runs DEFAULT VALUES",
        "DELETE FROM runs",
        "SELECT * FROM tool_calls",
        "SELECT * FROM users",
        "INSERT INTO processes DEFAULT VALUES",
        "UPDATE processes SET lease_until = now()",
        "SELECT * FROM runs_claim(NULL, NULL, 1)",
        "CREATE TABLE mine ()",
    ],
)
def test_it_may_do_nothing_else(
    writer: psycopg.Connection[tuple[Any, ...]], statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        writer.execute(statement.encode())


async def test_it_sees_no_run_without_a_list(
    database: Database,
    writer: psycopg.Connection[tuple[Any, ...]],
    process_id: ProcessId,
    subject: Subject,
) -> None:
    await stored(database, subject, process_id)
    assert writer.execute("SELECT count(*) FROM runs").fetchone() == (0,)
