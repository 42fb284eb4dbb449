"""Finding events of an organisation's trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, select

from folkmoot.audit.models import AuditEvent
from folkmoot.db.keyset import Listing, Slice
from folkmoot.db.work import Work
from folkmoot.kit.ids import UserId
from folkmoot.kit.page import Asked

LISTING: Final = Listing("audit", AuditEvent.seq, {"seq": AuditEvent.seq})
ANY: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events to find; what is None does not matter.

    Attributes:
        action: What has happened; with `*` at its end whatever begins like that.
        actor_id: Who did it.
        target_type: The kind of what it was done to.
        target_id: Its id.
        request_id: The request that did it.
        since: The first moment that counts.
        until: The first moment that counts no more.
    """

    action: str | None = None
    actor_id: UserId | None = None
    target_type: str | None = None
    target_id: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def browse(work: Work, wanted: EventFilter, asked: Asked) -> Slice[AuditEvent]:
    """Return a page of events."""
    return await LISTING.slice(work, _found(work, wanted), asked)


async def following(
    work: Work, wanted: EventFilter, *, after: int, limit: int
) -> Sequence[AuditEvent]:
    """Return up to `limit` events, the oldest first, after a number."""
    statement = _found(work, wanted).where(AuditEvent.seq > after)
    return (await work.session.scalars(statement.order_by(AuditEvent.seq).limit(limit))).all()


def _found(work: Work, wanted: EventFilter) -> Select[AuditEvent]:
    statement = select(AuditEvent).where(AuditEvent.org_id == work.subject.org_id)
    if wanted.action is not None:
        statement = statement.where(
            AuditEvent.action.startswith(wanted.action.removesuffix(ANY), autoescape=True)
            if wanted.action.endswith(ANY)
            else AuditEvent.action == wanted.action
        )
    for column, value in (
        (AuditEvent.actor_id, wanted.actor_id),
        (AuditEvent.target_type, wanted.target_type),
        (AuditEvent.target_id, wanted.target_id),
        (AuditEvent.request_id, wanted.request_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.since is not None:
        statement = statement.where(AuditEvent.at_ms >= _milliseconds(wanted.since))
    if wanted.until is not None:
        statement = statement.where(AuditEvent.at_ms < _milliseconds(wanted.until))
    return statement


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
