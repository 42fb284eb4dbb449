"""Bringing events to sinks: in order, at least once, behind the back of whoever acts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from folkmoot.audit import search
from folkmoot.audit.errors import SinkUnavailable
from folkmoot.audit.models import AuditDelivery
from folkmoot.audit.search import EventFilter
from folkmoot.audit.sinks.port import Sink
from folkmoot.db.work import Database, Work
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId
from folkmoot.kit.subject import deployment

BATCH: Final = 200
"""Events that a sink is given at once."""

EVERYTHING: Final = EventFilter()
UNDELIVERED: Final = text("SELECT org_id FROM audit_undelivered(:sink) ORDER BY org_id")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outbox:
    """The trail itself is the outbox: a cursor tells how far each sink has got with each of them.

    A sink that does not take an event is asked again until it does; nothing is left out.
    """

    database: Database
    sinks: Sequence[Sink]

    async def deliver(self) -> None:
        """Bring all sinks up to date.

        Raises:
            SinkUnavailable: One is not; the others are.
        """
        failures: list[SinkUnavailable] = []
        for sink in self.sinks:
            try:
                await self._deliver(sink)
            except SinkUnavailable as failure:
                log.warning("audit.sink_unavailable", sink=sink.name, reason=failure.detail)
                failures.append(failure)
        if failures:
            raise failures[0]

    async def _deliver(self, sink: Sink) -> None:
        async with self.database.personal_work() as work:
            waiting = (await work.session.scalars(UNDELIVERED, {"sink": sink.name})).all()
        for org_id in waiting:
            await self._bring_up_to_date(sink, OrgId(org_id))

    async def _bring_up_to_date(self, sink: Sink, org_id: OrgId) -> None:
        subject = deployment(org_id)
        while True:
            async with self.database.work(subject) as work:
                after = await _delivered(work, sink)
                events = await search.following(work, EVERYTHING, after=after, limit=BATCH)
            if not events:
                return
            await sink.deliver(events)
            async with self.database.work(subject) as work:
                await _advance(work, sink, events[-1].seq)


async def _delivered(work: Work, sink: Sink) -> int:
    found = select(AuditDelivery.seq).where(
        AuditDelivery.org_id == work.subject.org_id, AuditDelivery.sink == sink.name
    )
    return await work.session.scalar(found) or 0


async def _advance(work: Work, sink: Sink, seq: int) -> None:
    """Move a cursor, and never back: two may have brought the same."""
    row = {"seq": seq, "delivered_at": clock.now()}
    statement = insert(AuditDelivery).values(org_id=work.subject.org_id, sink=sink.name, **row)
    further = func.greatest(AuditDelivery.seq, statement.excluded.seq)
    await work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["org_id", "sink"], set_={**row, "seq": further}
        )
    )
