"""From what has happened to who is told: the deliveries of events that are noted."""

from dataclasses import dataclass
from typing import Final, cast
from uuid import UUID

import structlog
from sqlalchemy import select

from folkmoot.db.work import Database
from folkmoot.kit.errors import Unavailable
from folkmoot.kit.ids import OrgId
from folkmoot.kit.subject import deployment
from folkmoot.webhooks import deliveries
from folkmoot.webhooks.models import Webhook, WebhookEvent

WAITING: Final = "SELECT org_id FROM webhook_events_waiting(%s)"
ORGANIZATIONS: Final = 100
EVENTS: Final = 100
"""Events that are spread in one transaction."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Spreading:
    """Makes deliveries. Several processes may do it at once; each event is one's."""

    database: Database

    async def spread(self) -> None:
        """Spread what is noted, some events of each organisation."""
        async with self.database.unscoped() as connection:
            cursor = await connection.execute(WAITING, (ORGANIZATIONS,))
            rows = cast(list[tuple[UUID]], await cursor.fetchall())
        for (org_id,) in rows:
            await self._spread_or_tell(OrgId(org_id))

    async def _spread_or_tell(self, org_id: OrgId) -> None:
        """Spread what one has: an edge, where it is in nobody else's way."""
        try:
            await self._spread(org_id)
        except Unavailable:
            raise
        except Exception:
            log.exception("webhooks.not_spread", org_id=str(org_id))

    async def _spread(self, org_id: OrgId) -> None:
        """Make the deliveries of one organisation; forget what nobody wants to be told."""
        noted = (
            select(WebhookEvent)
            .where(WebhookEvent.org_id == org_id, WebhookEvent.spread.is_(False))
            .order_by(WebhookEvent.at, WebhookEvent.id)
            .limit(EVENTS)
            .with_for_update(skip_locked=True)
        )
        listening = select(Webhook).where(Webhook.org_id == org_id, Webhook.enabled)
        async with self.database.work(deployment(org_id)) as work:
            hooks = (await work.session.scalars(listening)).all()
            for event in (await work.session.scalars(noted)).all():
                wanted = await deliveries.add(work, hooks, event)
                if wanted or event.keep_until is not None:
                    event.spread = True
                else:
                    await work.session.delete(event)
