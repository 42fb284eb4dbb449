"""A process's lease: one row that says it is alive, and the fence of everything it writes.

Whoever finds a lease lapsed marks its process dead and takes its runs over. From then on every
batch of the dead process is refused, also when it was only frozen and wakes up again.
"""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, LiteralString, cast

from folkmoot.db.work import Database
from folkmoot.kit.ids import OrgId, ProcessId, RunId, UserId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs.errors import LeaseLost

LASTS: Final = 6
"""Seconds that a lease lasts without a heartbeat."""

BEAT: Final = 1.5
"""Seconds between two heartbeats."""

JOIN: Final = """
INSERT INTO processes (id, name, alive, started_at, lease_until)
VALUES (%s, %s, true, now(), now() + make_interval(secs => %s))
"""
RENEW: Final = """
UPDATE processes SET lease_until = now() + make_interval(secs => %s) WHERE id = %s AND alive
RETURNING 1
"""
BURY: Final = """
WITH forgotten AS (
  DELETE FROM processes WHERE NOT alive AND lease_until < now() - interval '1 day'
)
UPDATE processes SET alive = false WHERE alive AND lease_until < now() AND id <> %s RETURNING name
"""
TAKE_UP: Final = """
UPDATE runs SET state = 'running', process_id = %s, started_at = now()
WHERE org_id = %s AND id = %s AND state = 'queued'
  AND EXISTS (SELECT FROM processes WHERE id = %s AND alive)
RETURNING 1
"""
LEAVE: Final = "DELETE FROM processes WHERE id = %s AND alive"
DIE: Final = "UPDATE processes SET alive = false WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A run that belongs to a process: to this one, for as long as its lease lasts."""

    org_id: OrgId
    run_id: RunId
    user_id: UserId
    process_id: ProcessId


@dataclass(slots=True)
class Lease:
    """This process's lease."""

    database: Database
    process_id: ProcessId | None = None

    async def join(self) -> ProcessId:
        """Enter under a fresh id: a dead process never comes back to life."""
        process_id = ProcessId(new_id())
        name = f"{socket.gethostname()}:{os.getpid()}"
        async with self.database.unscoped() as connection:
            await connection.execute(JOIN, (process_id, name, LASTS))
        self.process_id = process_id
        return process_id

    async def renew(self) -> bool:
        """Renew the lease; false if another process has taken this one for dead."""
        async with self.database.unscoped() as connection:
            cursor = await connection.execute(RENEW, (LASTS, self.process_id))
            return await cursor.fetchone() is not None

    async def bury(self) -> Sequence[str]:
        """Mark processes dead whose lease has lapsed; return their names. Forget the long dead."""
        async with self.database.unscoped() as connection:
            cursor = await connection.execute(BURY, (self.process_id,))
            return [str(row[0]) for row in await cursor.fetchall()]

    async def claim(self, kinds: Sequence[str], most: int) -> Sequence[Claimed]:
        """Take over runs whose process is dead or has left."""
        return await self._runs(
            "SELECT org_id, run_id, user_id, %s::uuid FROM runs_claim(%s, %s, %s)",
            list(kinds),
            most,
        )

    async def take(
        self, kinds: Sequence[str], most: int, share: int, busy: Sequence[OrgId]
    ) -> Sequence[Claimed]:
        """Take runs that wait for a worker, organisation by organisation.

        Args:
            kinds: What this process can execute.
            most: How many it wants.
            share: How many one organisation may have going on here.
            busy: Whose runs go on here, as often as they do.
        """
        return await self._runs(
            "SELECT org_id, run_id, user_id, %s::uuid FROM runs_take(%s, %s, %s, %s, %s::uuid[])",
            list(kinds),
            most,
            share,
            list(busy),
        )

    async def take_up(self, subject: Subject, run_id: RunId) -> Claimed | None:
        """Take one run that is queued; None if another process has it.

        Raises:
            LeaseLost: this process is taken for dead.
        """
        me = self.process_id
        if me is None:
            raise LeaseLost
        async with self.database.pipelined(subject) as connection:
            cursor = await connection.execute(TAKE_UP, (me, subject.org_id, run_id, me))
        taken = await cursor.fetchone() is not None
        return Claimed(subject.org_id, run_id, subject.user_id, me) if taken else None

    async def held(self) -> Sequence[Claimed]:
        """Return the runs that this process should be working on by now."""
        return await self._runs("SELECT org_id, run_id, user_id, %s::uuid FROM runs_held(%s)")

    async def _runs(self, statement: LiteralString, *values: object) -> Sequence[Claimed]:
        me = self.process_id
        async with self.database.unscoped() as connection:
            cursor = await connection.execute(statement, (me, me, *values))
            rows = cast(list[tuple[OrgId, RunId, UserId, ProcessId]], await cursor.fetchall())
            return [Claimed(*row) for row in rows]

    async def cancelled(self) -> Sequence[RunId]:
        """Return the runs of this process that somebody wants cancelled."""
        async with self.database.unscoped() as connection:
            cursor = await connection.execute(
                "SELECT run_id FROM runs_cancelled(%s)", (self.process_id,)
            )
            return [cast(RunId, row[0]) for row in await cursor.fetchall()]

    async def leave(self) -> None:
        """Give up the lease at once, so that others need not wait for it to lapse."""
        process_id, self.process_id = self.process_id, None
        async with self.database.unscoped() as connection:
            await connection.execute(LEAVE, (process_id,))

    async def die(self, process_id: ProcessId | None) -> None:
        """Mark a process dead that has failed: what it held may be the reason."""
        async with self.database.unscoped() as connection:
            await connection.execute(DIE, (process_id,))
