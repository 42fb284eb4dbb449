"""Forgetting what was delivered, or given up, long ago."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast
from uuid import UUID

from sqlalchemy import delete, or_, select

from folkmoot.db.work import Database
from folkmoot.jobs.queue import Queue
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId
from folkmoot.kit.subject import deployment
from folkmoot.webhooks.models import WebhookEvent

QUEUE: Final = "webhooks"
EVERY_HOUR: Final = "29 * * * *"
EXPIRED: Final = "SELECT org_id FROM webhooks_expired(%s)"
AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True)
class Keeping:
    """For how many days events and their deliveries are kept; those that wait go with them."""

    database: Database
    days: int

    def register(self, queue: Queue) -> None:
        """Name the job."""
        queue.repeat("webhooks.forget", self.forget, queue=QUEUE, cron=EVERY_HOUR)

    async def forget(self) -> None:
        """Remove what is old, of every organisation that has some."""
        async with self.database.unscoped() as connection:
            cursor = await connection.execute(EXPIRED, (self.days,))
            rows = cast(list[tuple[UUID]], await cursor.fetchall())
        for (org_id,) in rows:
            while await self._forget_some(OrgId(org_id)) == AT_ONCE:
                pass

    async def _forget_some(self, org_id: OrgId) -> int:
        now = clock.now()
        old = (
            select(WebhookEvent.id)
            .where(
                WebhookEvent.org_id == org_id,
                WebhookEvent.at < now - timedelta(days=self.days),
                or_(WebhookEvent.keep_until.is_(None), WebhookEvent.keep_until < now),
            )
            .limit(AT_ONCE)
        )
        async with self.database.work(deployment(org_id)) as work:
            gone = delete(WebhookEvent).where(
                WebhookEvent.org_id == org_id, WebhookEvent.id.in_(old)
            )
            rows = await work.session.scalars(gone.returning(WebhookEvent.id))
            return len(rows.all())
