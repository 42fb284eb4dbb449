"""What was deleted long ago is deleted for good: organisations, teams, users, and what others name.

Only the owner of the schema can do it, by policies that let it at what belongs to the organisation
that its transaction names: those who serve never delete a log. It may be done twice, by several
processes at once, and be cut at any moment; what is left is done the next time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import psycopg
import structlog
from psycopg import AsyncConnection, sql
from psycopg.rows import class_row

from folkmoot.blobs.store import BlobStore
from folkmoot.kit import clock
from folkmoot.kit.errors import Unavailable
from folkmoot.kit.ids import OrgId, TeamId, UserId
from folkmoot.kit.lasting import lasting

DAY: Final = 24 * 60 * 60.0
"""Seconds between two purges."""

LOCK: Final = "SELECT pg_try_advisory_lock(hashtext('folkmoot purge'))"
ORGANIZATIONS: Final = "SELECT id FROM organizations WHERE deleted_at < %s ORDER BY id"
TEAMS: Final = "SELECT org_id, id FROM teams WHERE deleted_at < %s ORDER BY id"
ENTER: Final = "SELECT set_config('app.org', %s, true)"
TABLES: Final = """
SELECT c.relname FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relforcerowsecurity
ORDER BY c.relname
"""
DELETE_ORGANIZATION: Final = "DELETE FROM organizations WHERE id = %s AND deleted_at < %s"
DELETE_TEAM: Final = "DELETE FROM teams WHERE org_id = %s AND id = %s AND deleted_at < %s"
USERS: Final = "SELECT id FROM users WHERE deleted_at < %s ORDER BY id"
DELETE_ROWS: Final = "DELETE FROM {} WHERE deleted_at < %s"
DELETE_USER: Final = "DELETE FROM users WHERE id = %s AND deleted_at < %s"

Connection = AsyncConnection[tuple[object, ...]]
TeamEnds = Callable[[OrgId, TeamId], Awaitable[None]]
"""Has everything purged that a team had in other rooms; may be called again."""
OrganizationEnds = Callable[[OrgId], Awaitable[None]]
"""Has everything forgotten that other servers hold of an organisation; may be called again."""
UserEnds = Callable[[UserId], Awaitable[None]]
"""Erases everything that is kept of a user; may be called again."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ended:
    """A team that is not to come back."""

    org_id: OrgId
    id: TeamId


@dataclass(frozen=True, slots=True)
class Purged:
    """How much has gone."""

    organizations: int = 0
    teams: int = 0
    users: int = 0
    others: int = 0


@dataclass(frozen=True, slots=True)
class Purge:
    """Deletes for good.

    Args:
        owner: Connection string of the role that owns the schema.
        blobs: Where the files of organisations are: each has its own directory.
        kept: How long what was deleted can be brought back.
        team_ends: What else ends with a team.
        user_ends: What else ends with a user, and should have long ago.
        others: Tables of other rooms whose deleted rows go, with the rows that belong to them.
        organization_ends: What else ends with an organisation.
    """

    owner: str
    blobs: BlobStore
    kept: timedelta
    team_ends: TeamEnds
    user_ends: UserEnds
    others: tuple[str, ...] = ()
    organization_ends: OrganizationEnds | None = None

    async def watch(self) -> None:
        """Purge every day until cancelled; what one room cannot forget, it tries a day later."""
        await lasting("purge", self._daily, rest=DAY)

    async def _daily(self) -> None:
        while True:
            try:
                await self.run()
            except (psycopg.Error, Unavailable) as error:
                log.warning("purge.put_off", error=type(error).__name__)
            await asyncio.sleep(DAY)

    async def run(self) -> Purged:
        """Purge what is due; nothing if another process is at it."""
        before = clock.now() - self.kept
        async with await AsyncConnection.connect(self.owner, autocommit=True) as connection:
            if await (await connection.execute(LOCK)).fetchone() != (True,):
                return Purged()
            purged = Purged(
                await self._organizations(connection, before),
                await self._teams(connection, before),
                await self._users(connection, before),
                await self._others(connection, before),
            )
        if purged != Purged():
            log.info("purge.done", **asdict(purged))
        return purged

    async def _organizations(self, connection: Connection, before: datetime) -> int:
        found = await (await connection.execute(ORGANIZATIONS, (before,))).fetchall()
        for (org_id,) in found:
            # Files first: what the rows name is known for as long as they are there.
            await self.blobs.clear(f"{org_id}/")
            if self.organization_ends is not None:
                await self.organization_ends(OrgId(UUID(str(org_id))))
            async with connection.transaction():
                await connection.execute(ENTER, (str(org_id),))
                await _empty(connection, org_id)
                await connection.execute(DELETE_ORGANIZATION, (org_id, before))
        return len(found)

    async def _teams(self, connection: Connection, before: datetime) -> int:
        cursor = connection.cursor(row_factory=class_row(Ended))
        found = await (await cursor.execute(TEAMS, (before,))).fetchall()
        for team in found:
            await self.team_ends(team.org_id, team.id)
            await connection.execute(DELETE_TEAM, (team.org_id, team.id, before))
        return len(found)

    async def _users(self, connection: Connection, before: datetime) -> int:
        found = await (await connection.execute(USERS, (before,))).fetchall()
        for (user_id,) in found:
            await self.user_ends(UserId(UUID(str(user_id))))
            await connection.execute(DELETE_USER, (user_id, before))
        return len(found)

    async def _others(self, connection: Connection, before: datetime) -> int:
        gone = 0
        for table in self.others:
            statement = sql.SQL(DELETE_ROWS).format(sql.Identifier(table))
            gone += (await connection.execute(statement, (before,))).rowcount
        return gone


async def _empty(connection: Connection, org_id: object) -> None:
    """Delete every row of an organisation; tables that others refer to come after those."""
    left = [str(name) for (name,) in await (await connection.execute(TABLES)).fetchall()]
    while left:
        held = [table for table in left if not await _emptied(connection, table, org_id)]
        if len(held) == len(left):
            raise psycopg.IntegrityError(f"these tables hold one another: {held}")
        left = held


async def _emptied(connection: Connection, table: str, org_id: object) -> bool:
    """Delete an organisation's rows of a table; false if others refer to them still."""
    # Named here, too: the owner may do whatever the look-up functions may, in every organisation.
    statement = sql.SQL("DELETE FROM {} WHERE org_id = %s").format(sql.Identifier(table))
    try:
        async with connection.transaction():
            await connection.execute(statement, (org_id,))
    except psycopg.errors.ForeignKeyViolation:
        return False
    return True
