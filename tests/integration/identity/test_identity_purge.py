"""What was deleted long ago goes for good, with all that belongs to it, and nothing else does."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import update

from acting import TEAMS, Caller
from folkmoot.blobs.errors import BlobNotFound
from folkmoot.blobs.store import BlobStore
from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.identity.models import User
from folkmoot.identity.purge import Purge, Purged
from folkmoot.identity.service import Identity
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId, TeamId, UserId
from folkmoot.kit.subject import Subject
from identity_app import Account, Clock, user_id_of

pytestmark = pytest.mark.anyio

KEPT = timedelta(days=30)
TENANT_TABLES = """
SELECT c.relname FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'org_id'
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
"""
RUN = """
INSERT INTO runs (org_id, id, user_id, kind, state, input, client_id, thread_id, fingerprint,
                  attempt)
VALUES (%(org)s, %(id)s, %(id)s, 'agent', 'done', '{}', 'c', 't', '', 1)
"""
EVENT = """
INSERT INTO run_events (org_id, run_id, seq, at_ms, type, hash)
VALUES (%(org)s, %(id)s, 1, 0, 'run.started', '')
"""


class Ends:
    """The organisations, teams and people that other rooms have been told of."""

    def __init__(self) -> None:
        self.told: list[tuple[OrgId, TeamId]] = []
        self.gone: list[UserId] = []
        self.organizations: list[OrgId] = []

    async def __call__(self, org_id: OrgId, team_id: TeamId) -> None:
        self.told.append((org_id, team_id))

    async def of_a_user(self, user_id: UserId) -> None:
        self.gone.append(user_id)

    async def of_an_organization(self, org_id: OrgId) -> None:
        self.organizations.append(org_id)


@pytest.fixture
def ends() -> Ends:
    return Ends()


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore((tmp_path / "blobs").as_uri())


@pytest.fixture
def purge(owner_address: str, blobs: BlobStore, ends: Ends) -> Purge:
    return Purge(
        owner_address, blobs, KEPT, ends, ends.of_a_user, organization_ends=ends.of_an_organization
    )


async def text() -> AsyncGenerator[bytes]:
    yield b"A heron."


def rows_of(superuser: str, org_id: str) -> dict[str, int]:
    """Count what is left of an organisation, by table."""
    counted: dict[str, int] = {}
    with psycopg.connect(superuser) as connection:
        for (table,) in connection.execute(TENANT_TABLES).fetchall():
            statement = sql.SQL("SELECT count(*) FROM {} WHERE org_id = %s")
            row = connection.execute(statement.format(sql.Identifier(table)), (org_id,)).fetchone()
            if row and row[0]:
                counted[table] = row[0]
    return counted


@pytest.mark.core
async def test_an_organisation_goes_with_everything_that_belongs_to_it(
    superuser_address: str,
    purge: Purge,
    ends: Ends,
    blobs: BlobStore,
    owner: Caller,
    stranger: Caller,
    time: Clock,
) -> None:
    places = (owner.place, stranger.place)
    for person in (owner, stranger):
        await person.team()
        await person.ask("POST", "/api/v1/api-keys", {"name": "mine"})
        await person.ask("POST", f"/api/v1/organizations/{person.place}/invitations", {})
        await blobs.put(f"{person.place}/documents/one", text(), limit=100)
        with psycopg.connect(superuser_address) as connection:
            for statement in (RUN, EVENT):
                connection.execute(statement, {"org": person.place, "id": person.id})
    before = [rows_of(superuser_address, place) for place in places]
    assert {"runs", "run_events", "teams", "api_keys", "audit_events"} <= before[0].keys()
    assert (await owner.ask("DELETE", f"/api/v1/organizations/{owner.place}")).status_code == 204
    assert await purge.run() == Purged()
    time.pass_by(days=30, seconds=1)
    assert await purge.run() == Purged(organizations=1)
    assert [str(each) for each in ends.organizations] == [owner.place]
    assert rows_of(superuser_address, owner.place) == {}
    assert rows_of(superuser_address, stranger.place) == before[1]
    with pytest.raises(BlobNotFound):
        [part async for part in blobs.get(f"{owner.place}/documents/one")]
    assert [part async for part in blobs.get(f"{stranger.place}/documents/one")] == [b"A heron."]
    assert await purge.run() == Purged()


async def test_a_team_goes_and_other_rooms_are_told(
    superuser_address: str, purge: Purge, ends: Ends, owner: Caller, time: Clock
) -> None:
    kept, gone = await owner.team("Kept"), await owner.team("Gone")
    assert (await owner.ask("DELETE", f"{TEAMS}/{gone}")).status_code == 204
    assert await purge.run() == Purged()
    time.pass_by(days=31)
    assert await purge.run() == Purged(teams=1)
    assert [(str(org_id), str(team_id)) for org_id, team_id in ends.told] == [(owner.place, gone)]
    left = rows_of(superuser_address, owner.place)
    assert (left["teams"], left["team_memberships"]) == (1, 1)
    assert kept != gone


async def test_a_user_goes_with_their_places(
    identity: Identity,
    superuser_address: str,
    purge: Purge,
    ends: Ends,
    grace: Account,
    linus: Account,
    time: Clock,
) -> None:
    async with identity.database.personal_work(user_id_of(linus)) as work:
        await work.session.execute(update(User).values(deleted_at=clock.now()))
    time.pass_by(days=31)
    assert await purge.run() == Purged(users=1)
    assert ends.gone == [user_id_of(linus)]
    assert "memberships" not in rows_of(superuser_address, linus["organization_id"])
    assert rows_of(superuser_address, grace["organization_id"])["memberships"] == 1


async def test_service_accounts_go_with_their_organisation_or_after_they_were_deleted(
    superuser_address: str, purge: Purge, owner: Caller, stranger: Caller, time: Clock
) -> None:
    def left() -> list[str]:
        with psycopg.connect(superuser_address) as connection:
            found = connection.execute("SELECT id FROM users WHERE service_of IS NOT NULL")
            return sorted(str(account) for (account,) in found)

    async def make(person: Caller) -> str:
        path = f"/api/v1/organizations/{person.place}/service-accounts"
        return str((await person.ask("POST", path, {"name": "nightly"})).json()["id"])

    ended, kept = await make(owner), await make(owner)
    assert len({await make(stranger), *left()}) == 3
    path = f"/api/v1/organizations/{owner.place}/service-accounts/{ended}"
    assert (await owner.ask("DELETE", path)).status_code == 204
    place = f"/api/v1/organizations/{stranger.place}"
    assert (await stranger.ask("DELETE", place)).status_code == 204
    time.pass_by(days=31)
    assert await purge.run() == Purged(organizations=1, users=1)
    assert left() == [kept]


async def test_one_process_purges_at_a_time(purge: Purge, owner_address: str) -> None:
    async with await psycopg.AsyncConnection.connect(owner_address, autocommit=True) as other:
        await other.execute("SELECT pg_advisory_lock(hashtext('folkmoot purge'))")
        assert await purge.run() == Purged()


async def test_the_owner_takes_members_only_from_an_organisation_that_it_names(
    owner_address: str, subject: Subject, other_subject: Subject
) -> None:
    leave = "DELETE FROM memberships RETURNING user_id"
    with psycopg.connect(owner_address) as connection:
        assert connection.execute(leave).fetchall() == []
        connection.execute("SELECT set_config('app.org', %s, true)", (str(subject.org_id),))
        taken = connection.execute(leave).fetchall()
        connection.rollback()
    assert taken == [(subject.user_id,)] != [(other_subject.user_id,)]


@pytest.mark.parametrize("failure", [DatabaseUnavailable, RuntimeError])
async def test_a_purge_that_fails_is_put_off(
    owner_address: str,
    blobs: BlobStore,
    owner: Caller,
    time: Clock,
    monkeypatch: pytest.MonkeyPatch,
    failure: type[Exception],
) -> None:
    tried = asyncio.Semaphore(0)

    async def away(_org_id: OrgId, _team_id: TeamId) -> None:
        tried.release()
        raise failure

    monkeypatch.setattr("folkmoot.identity.purge.DAY", 0)
    await owner.ask("DELETE", f"{TEAMS}/{await owner.team()}")
    time.pass_by(days=31)
    watching = asyncio.create_task(
        Purge(owner_address, blobs, KEPT, away, Ends().of_a_user).watch()
    )
    async with asyncio.timeout(60):
        for _ in range(2):
            await tried.acquire()
    assert not watching.done()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
