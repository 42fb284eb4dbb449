"""Noting what has happened where no row tells of it: in the transaction that does it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from folkmoot.db.work import Work
from folkmoot.kit import clock
from folkmoot.kit.ids import new_id
from folkmoot.webhooks.payloads import EventData
from folkmoot.webhooks.types import EventType

NOTE: Final = text(
    "INSERT INTO webhook_events (org_id, id, type, data, at, keep_until)"
    " SELECT :org, :id, :type, :data, :at, :keep_until"
    " WHERE EXISTS (SELECT FROM webhooks WHERE org_id = :org AND enabled)"
    " ON CONFLICT (org_id, id) DO NOTHING"
).bindparams(bindparam("data", type_=JSONB))
EVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
LISTENING: Final = text("SELECT EXISTS (SELECT FROM webhooks WHERE org_id = :org AND enabled)")


@dataclass(frozen=True, slots=True)
class Once:
    """What an event is about, of which one kind of it is told once `until` that is over."""

    about: str
    until: datetime | None


async def publish(work: Work, kind: EventType, data: EventData, once: Once | None = None) -> bool:
    """Note an event for whoever listens; tell whether somebody does.

    Args:
        work: The unit of work that does it: both are kept, or neither.
        kind: Of which kind it is.
        data: What it says.
        once: If it is told once, for how long.
    """
    org_id = work.subject.org_id
    values: Mapping[str, object] = {
        "org": org_id,
        "id": new_id() if once is None else _id(kind, once),
        "type": kind.name,
        "data": data.model_dump(mode="json"),
        "at": clock.now(),
        "keep_until": None if once is None else once.until or EVER,
    }
    await work.session.execute(NOTE, values)
    return bool(await work.session.scalar(LISTENING, {"org": org_id}))


def _id(kind: EventType, once: Once) -> UUID:
    named = f"{kind.name}|{once.about}|{once.until}"
    return UUID(bytes=blake2b(named.encode(), digest_size=16).digest())
