"""One delivery: sent, and what came of it written down."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import select

from folkmoot.db.work import Database, Work
from folkmoot.kit import clock
from folkmoot.kit.errors import AppError
from folkmoot.kit.ids import OrgId, WebhookDeliveryId
from folkmoot.kit.outbound.client import Limits, Outbound, Request
from folkmoot.kit.outbound.errors import OutboundError
from folkmoot.kit.subject import deployment
from folkmoot.settings.errors import SecretUnreadable
from folkmoot.settings.stores.sealing import Sealer
from folkmoot.webhooks import deliveries, schedule, sealing, service, signing
from folkmoot.webhooks.models import DeliveryState, Ended, Webhook, WebhookDelivery, WebhookEvent

LIMITS: Final = Limits(connect=5.0, idle=10.0, total=15.0, redirects=0)
REMEMBERED: Final = 20
"""Attempts of one delivery that are shown."""
PATIENCE: Final = timedelta(days=5)
"""How long nothing gets through before a webhook is switched off."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is this process's to send, for a while."""

    org_id: OrgId
    id: WebhookDeliveryId
    claim: UUID


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt."""

    at: datetime
    status: int | None = None
    error: str | None = None
    retry_after: str | None = None

    @property
    def good(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP's own

    @property
    def gone(self) -> bool:
        """Whether the receiver says that it wants no more."""
        return self.status == HTTPStatus.GONE


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends deliveries."""

    database: Database
    outbound: Outbound
    sealer: Sealer

    async def deliver(self, claimed: Claimed) -> None:
        """Send one and note what came of it, unless somebody else has it by now."""
        async with self.database.work(deployment(claimed.org_id)) as work:
            found = await _held(work, claimed)
            if found is None:
                return
            hook, event = await _about(work, found)
            message = self._message(hook, event)
        outcome = await self._send(message)
        judged = hook.failing_since is not None or not outcome.good
        async with self.database.work(deployment(claimed.org_id)) as work:
            # Held first, as by who removes it with its deliveries.
            held = await service.hold(work, hook.id) if judged else None
            delivery = await _held(work, claimed)
            if delivery is None:
                return
            _settle(delivery, outcome)
            if held is not None:
                await _judge(work, held, outcome)

    def _message(self, hook: Webhook, event: WebhookEvent) -> Request | AppError:
        """Return what is sent, signed as of this moment; or why nothing can be."""
        now = clock.now()
        body = deliveries.envelope(event).model_dump_json().encode()
        try:
            secrets = sealing.take(self.sealer, hook).counting(hook.previous_until, now)
        except SecretUnreadable as failure:
            return failure
        signed = signing.headers(secrets, str(event.id), int(now.timestamp()), body)
        sent = {"Content-Type": "application/json", **signed}
        return Request(
            url=hook.url, method="POST", headers=sent, body=body, limits=LIMITS, reads=False
        )

    async def _send(self, message: Request | AppError) -> Outcome:
        at = clock.now()
        if isinstance(message, AppError):
            return Outcome(at, error=message.code)
        try:
            answer = await self.outbound.send(message)
        except OutboundError as failure:
            return Outcome(at, error=failure.code)
        return Outcome(at, answer.status, retry_after=answer.headers.get("retry-after"))


async def _held(work: Work, claimed: Claimed) -> WebhookDelivery | None:
    """Return a delivery, held, if it is still this process's."""
    statement = select(WebhookDelivery).where(
        WebhookDelivery.org_id == claimed.org_id,
        WebhookDelivery.id == claimed.id,
        WebhookDelivery.claim == claimed.claim,
    )
    return (await work.session.scalars(statement.with_for_update())).one_or_none()


async def _about(work: Work, delivery: WebhookDelivery) -> tuple[Webhook, WebhookEvent]:
    org_id = delivery.org_id
    hook = await work.session.get_one(Webhook, {"org_id": org_id, "id": delivery.webhook_id})
    event = await work.session.get_one(WebhookEvent, {"org_id": org_id, "id": delivery.event_id})
    return hook, event


def _settle(delivery: WebhookDelivery, outcome: Outcome) -> None:
    """Note what came of an attempt."""
    attempt = {"at": outcome.at.isoformat(), "status": outcome.status, "error": outcome.error}
    delivery.attempts = [*delivery.attempts, attempt][-REMEMBERED:]
    delivery.tried += 1
    delivery.claim = delivery.claimed_until = None
    wait = None if outcome.good else schedule.delay(delivery.tried, outcome.retry_after)
    if wait is not None and not outcome.gone:
        delivery.next_at = outcome.at + wait
    else:
        delivery.state = DeliveryState.DELIVERED if outcome.good else DeliveryState.FAILED
        delivery.finished_at = clock.now()


async def _judge(work: Work, hook: Webhook, outcome: Outcome) -> None:
    """Note how a webhook does; end one that is gone, or has failed for days."""
    if outcome.good:
        hook.failing_since = None
        return
    since = hook.failing_since = hook.failing_since or outcome.at
    if hook.enabled and (outcome.gone or outcome.at - since >= PATIENCE):
        await service.end(work, hook, Ended.GONE if outcome.gone else Ended.FAILING)
        log.warning("webhooks.disabled", org_id=str(hook.org_id), webhook_id=str(hook.id))
