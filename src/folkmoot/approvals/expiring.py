"""What nobody decides in time is not done: the conversation goes on without it.

Nor is what a run has asked that will not go on with it: it has failed or was cancelled after one of
its sub-agents asked, or before its own end as interrupted was on record.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, LiteralString, cast
from uuid import UUID

from folkmoot.approvals import service
from folkmoot.approvals.states import ApprovalState
from folkmoot.db.work import Database
from folkmoot.jobs.queue import Queue
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId, RunId
from folkmoot.kit.subject import deployment
from folkmoot.runs import service as runs

QUEUE: Final = "approvals"
EVERY_MINUTE: Final = "* * * * *"
AT_ONCE: Final = 100
OVERDUE: Final = "SELECT org_id, run_id FROM approvals_overdue(%s)"
STRANDED: Final = "SELECT org_id, run_id FROM approvals_stranded(%s)"


@dataclass(frozen=True, slots=True)
class Expiring:
    """The job that closes what is overdue or of no use; register it once per process."""

    database: Database

    def register(self, queue: Queue) -> None:
        """Name the job."""
        queue.repeat("approvals.expire", self.expire, queue=QUEUE, cron=EVERY_MINUTE)

    async def expire(self) -> None:
        """Close all that runs have asked of which something is overdue, or that nothing awaits."""
        await self._each(OVERDUE, self._close)
        await self._each(STRANDED, self._withdraw)

    async def _each(
        self, found: LiteralString, close: Callable[[OrgId, RunId], Awaitable[None]]
    ) -> None:
        while True:
            async with self.database.unscoped() as connection:
                cursor = await connection.execute(found, (AT_ONCE,))
                rows = cast(list[tuple[UUID, UUID]], await cursor.fetchall())
            for org_id, run_id in rows:
                await close(OrgId(org_id), RunId(run_id))
            if len(rows) < AT_ONCE:
                return

    async def _close(self, org_id: OrgId, run_id: RunId) -> None:
        """Close what one run has asked: approved or not, it was asked together."""
        async with self.database.work(deployment(org_id)) as work:
            run = await runs.hold(work, run_id)
            asked = await service.of_run(work, run_id)
            now = clock.now()
            late = [
                each
                for each in asked
                if each.state == ApprovalState.PENDING and each.expires_at <= now
            ]
            if late:
                await service.close(work, asked, ApprovalState.EXPIRED, run)

    async def _withdraw(self, org_id: OrgId, run_id: RunId) -> None:
        """Close what a run has asked that has ended; there is no way back from such an end."""
        async with self.database.work(deployment(org_id)) as work:
            await runs.hold(work, run_id)
            asked = await service.of_run(work, run_id)
            await service.close(work, asked, ApprovalState.WITHDRAWN)
