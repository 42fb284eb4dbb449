"""Forgetting what was delivered, or given up, long ago.

Of what is told once in a long time, for ever perhaps, it stays known that it was told: not what was
said, nor to whom.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, or_, select, update

from folkmoot.db.work import Database
from folkmoot.jobs.queue import Queue
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId, WebhookEventId
from folkmoot.kit.subject import deployment
from folkmoot.webhooks.models import WebhookDelivery, WebhookEvent

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
            while await self._empty_some(OrgId(org_id)) == AT_ONCE:
                pass

    async def _forget_some(self, org_id: OrgId) -> int:
        over = or_(WebhookEvent.keep_until.is_(None), WebhookEvent.keep_until < clock.now())
        gone = delete(WebhookEvent).where(
            WebhookEvent.org_id == org_id, WebhookEvent.id.in_(self._old(org_id, over))
        )
        async with self.database.work(deployment(org_id)) as work:
            rows = await work.session.scalars(gone.returning(WebhookEvent.id))
            return len(rows.all())

    async def _empty_some(self, org_id: OrgId) -> int:
        """Take out what was said, and where it went."""
        said = WebhookEvent.data != {}
        emptied = (
            update(WebhookEvent)
            .where(
                WebhookEvent.org_id == org_id,
                WebhookEvent.id.in_(self._old(org_id, said)),
            )
            .values(data={}, spread=True)
        )
        async with self.database.work(deployment(org_id)) as work:
            rows = (await work.session.scalars(emptied.returning(WebhookEvent.id))).all()
            await work.session.execute(
                delete(WebhookDelivery).where(
                    WebhookDelivery.org_id == org_id, WebhookDelivery.event_id.in_(rows)
                )
            )
            return len(rows)

    def _old(self, org_id: OrgId, condition: ColumnElement[bool]) -> Select[WebhookEventId]:
        return (
            select(WebhookEvent.id)
            .where(
                WebhookEvent.org_id == org_id,
                WebhookEvent.at < clock.now() - timedelta(days=self.days),
                condition,
            )
            .limit(AT_ONCE)
        )
