"""Recording: with the action or not at all, in a chain without gaps."""

import asyncio

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import select

from folkmoot.audit import trail
from folkmoot.db.work import Database
from folkmoot.identity.models import Membership, Organization
from folkmoot.identity.permissions import OrgRole
from folkmoot.kit import origin
from folkmoot.kit.ids import ApiKeyId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.kit.telemetry import context
from trailing import events_of, found_in

pytestmark = pytest.mark.anyio


async def is_intact(database: Database, subject: Subject) -> bool:
    return (await found_in(database, subject)).verdict.intact


@pytest.mark.core
async def test_an_event_tells_who_did_what_to_what_from_where(
    database: Database, subject: Subject
) -> None:
    key = ApiKeyId(new_id())
    acting = Subject(subject.org_id, subject.user_id, key_id=key)
    with context.bound(request_id="req-1"), origin.coming_from("192.0.2.7"):
        async with database.work(acting) as work:
            await trail.record(
                work, "thing.changed", target=("thing", 7), before={"a": 1}, after={"a": 2}
            )
    (event,) = await events_of(database, subject)
    assert (event.seq, event.action) == (1, "thing.changed")
    assert (event.actor_id, event.api_key_id) == (subject.user_id, key)
    assert (event.target_type, event.target_id) == ("thing", "7")
    assert (event.before, event.after) == ('{"a":1}', '{"a":2}')
    assert (event.request_id, event.client_address) == ("req-1", "192.0.2.7")
    assert await is_intact(database, subject)


@pytest.mark.core
async def test_fifty_actions_at_once_leave_one_intact_chain_without_gaps(
    database: Database, subject: Subject
) -> None:
    async def act(number: int) -> None:
        async with database.work(subject) as work:
            await trail.record(work, "thing.made", target=("thing", number))

    await asyncio.gather(*map(act, range(50)))
    events = await events_of(database, subject)
    assert [event.seq for event in events] == list(range(1, 51))
    assert {event.target_id for event in events} == {str(number) for number in range(50)}
    assert await is_intact(database, subject)


async def test_what_was_rolled_back_leaves_no_event_and_no_gap(
    database: Database, subject: Subject
) -> None:
    async def fail() -> None:
        async with database.work(subject) as work:
            await trail.record(work, "thing.failed")
            raise ArithmeticError

    for _ in range(2):
        async with database.work(subject) as work:
            await trail.record(work, "thing.made")
            await trail.record(work, "thing.named")
        with pytest.raises(ArithmeticError):
            await fail()
    events = await events_of(database, subject)
    assert [event.seq for event in events] == [1, 2, 3, 4]
    assert {event.action for event in events} == {"thing.made", "thing.named"}
    assert await is_intact(database, subject)


async def test_actions_that_wait_for_each_other_do_not_wait_for_the_chain(
    database: Database, subject: Subject
) -> None:
    """Recording first and changing a row then, and the other way round, is no deadlock."""
    recorded, changed = asyncio.Event(), asyncio.Event()

    async def rename(work_name: str) -> None:
        async with database.work(subject) as work:
            if work_name == "records first":
                await trail.record(work, "organization.renamed")
                recorded.set()
                await changed.wait()
            organization = (
                await work.session.scalars(select(Organization).with_for_update())
            ).one()
            organization.name = work_name
            if work_name == "changes first":
                await work.session.flush()
                changed.set()
                await recorded.wait()
                await trail.record(work, "organization.renamed")

    async with asyncio.timeout(60):
        await asyncio.gather(rename("records first"), rename("changes first"))
    assert len(await events_of(database, subject)) == 2


async def test_what_a_person_does_is_recorded_in_each_of_their_organisations(
    database: Database, subject: Subject, other_subject: Subject
) -> None:
    async with database.work(other_subject) as work:
        work.session.add(
            Membership(org_id=other_subject.org_id, user_id=subject.user_id, role=OrgRole.MEMBER)
        )
    async with database.personal_work(subject.user_id) as work_of_person:
        await trail.record_personal(work_of_person, "session.started")
        await trail.record_personal(work_of_person, "password.changed")
    for place in (subject, other_subject):
        events = await events_of(database, place)
        assert [event.action for event in events] == ["session.started", "password.changed"]
        assert {event.actor_id for event in events} == {subject.user_id}
        assert await is_intact(database, place)


async def test_what_nobody_does_is_recorded_nowhere(database: Database, subject: Subject) -> None:
    async with database.personal_work() as work:
        await trail.record_personal(work, "session.refused")
    assert await events_of(database, subject) == []


async def test_another_organisations_trail_cannot_be_seen(
    database: Database, subject: Subject, other_subject: Subject
) -> None:
    async with database.work(subject) as work:
        await trail.record(work, "thing.made")
    assert await events_of(database, other_subject) == []


@pytest.mark.core
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET action = 'x'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
        "DELETE FROM audit_chains",
        "UPDATE audit_chains SET truncated_seq = 1",
        "ALTER TABLE audit_events DISABLE ROW LEVEL SECURITY",
    ],
)
async def test_the_application_can_change_nothing_that_was_recorded(
    statement: str, app_address: str, database: Database, subject: Subject
) -> None:
    async with database.work(subject) as work:
        await trail.record(work, "thing.made")
    with psycopg.connect(app_address) as connection:
        connection.execute("SELECT set_config('app.org', %s, true)", (str(subject.org_id),))
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement.encode())
