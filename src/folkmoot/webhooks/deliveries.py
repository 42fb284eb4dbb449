"""What was sent, what waits, and sending something once more."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, Select, select
from sqlalchemy.dialects.postgresql import insert

from folkmoot.audit import trail
from folkmoot.db.keyset import Listing, Slice
from folkmoot.db.work import Work
from folkmoot.kit import clock, glob
from folkmoot.kit.ids import OrgId, WebhookDeliveryId, WebhookEventId, WebhookId, new_id
from folkmoot.kit.page import Asked
from folkmoot.webhooks import examples, service, types
from folkmoot.webhooks.errors import (
    WebhookDeliveryNotFound,
    WebhookDisabled,
    WebhookEventsUnknown,
)
from folkmoot.webhooks.models import DeliveryState, Webhook, WebhookDelivery, WebhookEvent
from folkmoot.webhooks.payloads import Envelope
from folkmoot.webhooks.schemas import WebhookAttempt, WebhookDeliveryDetails, WebhookDeliveryRead

LISTING: Final = Listing(
    "webhook_deliveries", WebhookDelivery.id, {"created_at": WebhookDelivery.id}
)
Found = Row[WebhookDelivery, WebhookEvent, WebhookDeliveryId]


async def add(work: Work, hooks: Sequence[Webhook], event: WebhookEvent) -> bool:
    """Make the deliveries of an event to those who want it; tell whether anybody does."""
    wanting = [hook for hook in hooks if glob.is_among(event.type, hook.events)]
    if not wanting:
        return False
    now = clock.now()
    rows: list[dict[str, Any]] = [
        {
            "org_id": event.org_id,
            "id": new_id(),
            "webhook_id": hook.id,
            "event_id": event.id,
            "state": DeliveryState.PENDING,
            "tried": 0,
            "attempts": [],
            "next_at": now,
            "created_at": now,
        }
        for hook in wanting
    ]
    await work.session.execute(insert(WebhookDelivery).values(rows).on_conflict_do_nothing())
    return True


async def try_out(work: Work, webhook_id: WebhookId, name: str) -> WebhookDeliveryRead:
    """Send an example of a kind of event, to one webhook alone.

    Raises:
        WebhookNotFound, WebhookDisabled: There is nobody to send it to.
        WebhookEventsUnknown: There is no such kind.
    """
    hook = await service.get(work, webhook_id)
    kind = types.KNOWN.get(name)
    if kind is None:
        raise WebhookEventsUnknown([name])
    _demand_enabled(hook)
    event = WebhookEvent(
        org_id=hook.org_id,
        id=WebhookEventId(new_id()),
        type=kind.name,
        data=examples.of(kind),
        at=clock.now(),
        spread=True,
    )
    delivery = WebhookDelivery(org_id=hook.org_id, webhook_id=hook.id, event_id=event.id)
    work.session.add(event)
    await work.session.flush()
    work.session.add(delivery)
    await work.session.flush()
    await trail.record(work, "webhook.tested", target=("webhook", hook.id), after={"type": name})
    return read(delivery, event)


async def browse(
    work: Work,
    webhook_id: WebhookId,
    asked: Asked,
    *,
    state: DeliveryState | None = None,
    pattern: str | None = None,
) -> Slice[Found]:
    """Return a page of the deliveries of a webhook."""
    hook = await service.get(work, webhook_id)
    statement = _found(hook.org_id, webhook_id)
    if state is not None:
        statement = statement.where(WebhookDelivery.state == state)
    if pattern is not None:
        matching = [name for name in types.KNOWN if glob.matches(pattern, name)]
        statement = statement.where(WebhookEvent.type.in_(matching))
    return await LISTING.joined(work, statement, asked)


async def get(
    work: Work, webhook_id: WebhookId, delivery_id: WebhookDeliveryId, *, hold: bool = False
) -> tuple[WebhookDelivery, WebhookEvent]:
    """Return a delivery of a webhook, and its event; keep others from changing it if asked to."""
    statement = _found(work.subject.org_id, webhook_id).where(WebhookDelivery.id == delivery_id)
    if hold:
        statement = statement.with_for_update(of=WebhookDelivery)
    row = (await work.session.execute(statement)).one_or_none()
    if row is None:
        await service.get(work, webhook_id)
        raise WebhookDeliveryNotFound
    return row[0], row[1]


async def repeat(
    work: Work, webhook_id: WebhookId, delivery_id: WebhookDeliveryId
) -> WebhookDeliveryRead:
    """Send an event once more, whatever has become of it; the receiver knows it by its id.

    Whoever is just sending it has it no more: what comes of that counts for nothing.
    """
    _demand_enabled(await service.get(work, webhook_id))
    delivery, event = await get(work, webhook_id, delivery_id, hold=True)
    delivery.state, delivery.tried, delivery.next_at = DeliveryState.PENDING, 0, clock.now()
    delivery.finished_at = delivery.claim = delivery.claimed_until = None
    await work.session.flush()
    after = {"delivery_id": str(delivery_id), "type": event.type}
    await trail.record(work, "webhook.redelivered", target=("webhook", webhook_id), after=after)
    return read(delivery, event)


def read(delivery: WebhookDelivery, event: WebhookEvent) -> WebhookDeliveryRead:
    """Return a delivery as it is shown."""
    pending = delivery.state == DeliveryState.PENDING
    return WebhookDeliveryRead(
        id=delivery.id,
        event_id=event.id,
        type=event.type,
        state=delivery.state,
        attempts=[WebhookAttempt.model_validate(each) for each in delivery.attempts],
        next_attempt_at=delivery.next_at if pending else None,
        created_at=delivery.created_at,
        finished_at=delivery.finished_at,
    )


def details(delivery: WebhookDelivery, event: WebhookEvent) -> WebhookDeliveryDetails:
    """Return a delivery with what is sent."""
    shown = read(delivery, event).model_dump()
    return WebhookDeliveryDetails(**shown, payload=envelope(event))


def envelope(event: WebhookEvent) -> Envelope:
    """Return what is sent of an event."""
    return Envelope(
        type=event.type, timestamp=event.at, organization_id=event.org_id, data=event.data
    )


def _found(
    org_id: OrgId, webhook_id: WebhookId
) -> Select[WebhookDelivery, WebhookEvent, WebhookDeliveryId]:
    return (
        select(WebhookDelivery, WebhookEvent, WebhookDelivery.id)
        .join(
            WebhookEvent,
            (WebhookEvent.org_id == WebhookDelivery.org_id)
            & (WebhookEvent.id == WebhookDelivery.event_id),
        )
        .where(WebhookDelivery.org_id == org_id, WebhookDelivery.webhook_id == webhook_id)
    )


def _demand_enabled(hook: Webhook) -> None:
    if not hook.enabled:
        raise WebhookDisabled
