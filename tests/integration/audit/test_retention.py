"""Old events go, what stays can be verified, and nobody removes what is young."""

import psycopg
import pytest

from folkmoot.audit.retention import Retention
from folkmoot.db.work import Database
from folkmoot.kit.subject import Subject
from trailing import actions_of, days_ago, events_of, found_in, leave

pytestmark = pytest.mark.anyio


@pytest.mark.core
async def test_what_is_older_than_its_time_goes_and_the_rest_is_still_proven(
    database: Database, subject: Subject, other_subject: Subject
) -> None:
    for days in (100, 95, 80):
        with days_ago(days):
            await leave(database, subject, f"thing.made_{days}")
    await leave(database, other_subject, "thing.made")
    await Retention(database, 90).remove()
    assert await actions_of(database, subject) == ["thing.made_80", "audit.truncated"]
    assert await actions_of(database, other_subject) == ["thing.made"]
    told = (await events_of(database, subject))[-1]
    assert (told.actor_id, told.after) == (None, '{"last_removed":2}')
    found = await found_in(database, subject)
    assert (found.verdict.intact, found.verdict.events, found.truncated) == (True, 4, 2)


async def test_a_trail_of_which_all_is_old_goes_on_where_it_was(
    database: Database, subject: Subject
) -> None:
    with days_ago(100):
        await leave(database, subject, "thing.made", "thing.gone")
    await Retention(database, 90).remove()
    await leave(database, subject, "thing.made")
    assert [event.seq for event in await events_of(database, subject)] == [3, 4]
    with days_ago(-100):
        await Retention(database, 90).remove()
    assert (await found_in(database, subject)).verdict.intact


async def test_removing_again_and_again_removes_nothing_more(
    database: Database, subject: Subject
) -> None:
    with days_ago(100):
        await leave(database, subject, "thing.made")
    for _ in range(3):
        await Retention(database, 90).remove()
    assert await actions_of(database, subject) == ["audit.truncated"]


async def test_a_forgery_at_the_place_where_the_trail_was_cut_is_found(
    database: Database, subject: Subject, superuser_address: str
) -> None:
    with days_ago(100):
        await leave(database, subject, "thing.made", "thing.gone")
    await leave(database, subject, "thing.made")
    await Retention(database, 90).remove()
    for statement in (
        "UPDATE audit_chains SET truncated_head = '\\x00'",
        "UPDATE audit_chains SET truncated_seq = 1",
        "UPDATE audit_chains SET truncated_seq = NULL, truncated_head = NULL",
    ):
        with psycopg.connect(superuser_address) as connection:
            connection.execute(statement.encode())
        assert not (await found_in(database, subject)).verdict.intact


async def test_whoever_serves_can_not_remove_what_is_younger_than_thirty_days(
    app_address: str, database: Database, subject: Subject
) -> None:
    with days_ago(29):
        await leave(database, subject, "thing.made")
    with psycopg.connect(app_address) as connection:
        connection.execute("SELECT set_config('app.org', %s, true)", (str(subject.org_id),))
        for days in (0, -1000, 30):
            found = connection.execute("SELECT audit_truncate(%s)", (days,)).fetchall()
            assert found == []
            assert connection.execute("SELECT audit_expired(%s)", (days,)).fetchall() == []
    assert await actions_of(database, subject) == ["thing.made"]


async def test_what_is_old_goes_only_from_the_organisation_that_is_looked_after(
    app_address: str, database: Database, subject: Subject, other_subject: Subject
) -> None:
    with days_ago(100):
        await leave(database, subject, "thing.made")
        await leave(database, other_subject, "thing.made")
    with psycopg.connect(app_address) as connection:
        assert connection.execute("SELECT audit_truncate(90)").fetchall() == []
        connection.execute("SELECT set_config('app.org', %s, true)", (str(subject.org_id),))
        removed = connection.execute("SELECT audit_truncate(90)").fetchall()
    assert removed == [(subject.org_id,)]
    assert await actions_of(database, subject) == []
    assert await actions_of(database, other_subject) == ["thing.made"]


async def test_a_damaged_trail_stays_as_it_is(
    database: Database, subject: Subject, superuser_address: str
) -> None:
    with days_ago(100):
        await leave(database, subject, *["thing.made"] * 4)
    await leave(database, subject, "thing.made")
    with psycopg.connect(superuser_address) as connection:
        connection.execute("DELETE FROM audit_events WHERE seq = 4")
    await Retention(database, 90).remove()
    assert [event.seq for event in await events_of(database, subject)] == [1, 2, 3, 5]
