"""What nobody decides in time is not done: the conversation goes on without it."""

from dataclasses import dataclass
from typing import Final, cast
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


@dataclass(frozen=True, slots=True)
class Expiring:
    """The job that closes what is overdue; register it once per process."""

    database: Database

    def register(self, queue: Queue) -> None:
        """Name the job."""
        queue.repeat("approvals.expire", self.expire, queue=QUEUE, cron=EVERY_MINUTE)

    async def expire(self) -> None:
        """Close all that runs have asked of which something is overdue.

        What was approved beside it is not done either: it was asked together.
        """
        while True:
            async with self.database.unscoped() as connection:
                cursor = await connection.execute(OVERDUE, (AT_ONCE,))
                rows = cast(list[tuple[UUID, UUID]], await cursor.fetchall())
            for org_id, run_id in rows:
                await self._close(OrgId(org_id), RunId(run_id))
            if len(rows) < AT_ONCE:
                return

    async def _close(self, org_id: OrgId, run_id: RunId) -> None:
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
