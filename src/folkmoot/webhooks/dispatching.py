"""Sending what is due, all the time, in every process that works on jobs.

Deliveries are their own queue: how far each is stands in its row, where people see it, and one that
hangs takes no place of another kind of work. Whoever takes one has it for a minute; should the
process die, another one sends it again.
"""

import asyncio
from dataclasses import dataclass
from typing import Final, cast
from uuid import UUID

import structlog

from folkmoot.db.work import Database
from folkmoot.kit.errors import Unavailable
from folkmoot.kit.ids import OrgId, WebhookDeliveryId
from folkmoot.kit.outbound.client import Outbound
from folkmoot.settings.stores.sealing import Sealer
from folkmoot.webhooks.errors import WebhookNotFound
from folkmoot.webhooks.sending import Claimed, Sender
from folkmoot.webhooks.spreading import Spreading

EVERY: Final = 1.0
"""Seconds between two looks when nothing is under way."""
AT_ONCE: Final = 32
"""Deliveries that one process sends at the same time."""
EACH_RECEIVER: Final = 2
EACH_ORGANIZATION: Final = 8
"""Deliveries to one receiver and of one organisation that all processes send at the same time."""

CLAIM: Final = "SELECT org_id, delivery_id, claim FROM webhooks_claim(%s, %s, %s)"

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Sends what is due."""

    database: Database
    outbound: Outbound
    sealer: Sealer

    async def watch(self) -> None:
        """Send what is due until cancelled; what is under way then is sent again later."""
        under_way: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as sending:
            while True:
                for claimed in await self._due(AT_ONCE - len(under_way)):
                    task = sending.create_task(self._deliver(claimed), name="webhook")
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                if under_way:
                    await asyncio.wait(
                        under_way, timeout=EVERY, return_when=asyncio.FIRST_COMPLETED
                    )
                else:
                    await asyncio.sleep(EVERY)

    async def once(self) -> int:
        """Send what is due now, and wait for it; return how much that was."""
        due = await self._due(AT_ONCE)
        async with asyncio.TaskGroup() as sending:
            for claimed in due:
                sending.create_task(self._deliver(claimed))
        return len(due)

    async def _due(self, most: int) -> list[Claimed]:
        """Return what this process is to send now."""
        if most <= 0:
            return []
        try:
            await Spreading(self.database).spread()
            async with self.database.unscoped() as connection:
                asked = (most, EACH_RECEIVER, EACH_ORGANIZATION)
                rows = await (await connection.execute(CLAIM, asked)).fetchall()
        except Unavailable as error:
            log.warning("webhooks.put_off", reason=error.code)
            return []
        except Exception:
            log.exception("webhooks.nothing_taken")
            return []
        found = cast(list[tuple[UUID, UUID, UUID]], rows)
        return [Claimed(OrgId(org), WebhookDeliveryId(id_), claim) for org, id_, claim in found]

    async def _deliver(self, claimed: Claimed) -> None:
        """Send one. What goes wrong here is tried again when its minute is over."""
        try:
            await Sender(self.database, self.outbound, self.sealer).deliver(claimed)
        except WebhookNotFound:
            log.info("webhooks.removed_meanwhile", delivery_id=str(claimed.id))
        except Unavailable as error:
            log.warning("webhooks.not_noted", reason=error.code)
        except Exception:
            log.exception("webhooks.broken", delivery_id=str(claimed.id))
