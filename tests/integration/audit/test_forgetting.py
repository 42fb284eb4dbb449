"""Personal data go out of the trails, and what was done stays proven."""

import psycopg
import pytest

from folkmoot.audit import trail
from folkmoot.db.work import Database
from folkmoot.kit import origin
from folkmoot.kit.subject import Subject
from trailing import events_of, found_in

pytestmark = pytest.mark.anyio


@pytest.fixture
async def told(database: Database, subject: Subject, other_subject: Subject) -> None:
    """Let one do something to the other, the other way round, and to a thing."""
    with origin.coming_from("192.0.2.7"):
        for actor, target in (
            (subject, ("user", other_subject.user_id)),
            (other_subject, ("user", subject.user_id)),
            (subject, ("team", 1)),
        ):
            async with database.work(Subject(subject.org_id, actor.user_id)) as work:
                await trail.record(work, "thing.changed", target=target, after={"name": "Ada"})


@pytest.mark.usefixtures("told")
async def test_a_person_is_taken_out_and_their_deeds_stay(
    database: Database, subject: Subject
) -> None:
    async with database.personal_work(subject.user_id) as work:
        await trail.forget(work)
    by_them, to_them, elsewhere = await events_of(database, subject)
    assert by_them.actor_id == elsewhere.actor_id == subject.user_id
    assert (by_them.client_address, by_them.after) == (None, '{"name":"Ada"}')
    assert (to_them.client_address, to_them.after) == ("192.0.2.7", None)
    assert (elsewhere.client_address, elsewhere.after) == (None, '{"name":"Ada"}')
    verdict = (await found_in(database, subject)).verdict
    assert (verdict.intact, verdict.events, verdict.erased) == (True, 3, 3)


@pytest.mark.usefixtures("told")
async def test_nobody_is_forgotten_in_the_name_of_nobody(
    app_address: str, database: Database, subject: Subject
) -> None:
    with psycopg.connect(app_address) as connection:
        connection.execute("SELECT set_config('app.org', %s, true)", (str(subject.org_id),))
        assert connection.execute("SELECT audit_forget()").fetchall() == []
    assert (await found_in(database, subject)).verdict.erased == 0
