"""Audit trails in tests: their events, and what verifying them finds."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from folkmoot.audit import trail, verifying
from folkmoot.audit.models import AuditEvent
from folkmoot.audit.verifying import Verified
from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.subject import Subject

DAY = 86_400_000


async def events_of(database: Database, subject: Subject) -> list[AuditEvent]:
    """Return the trail of the subject's organisation."""
    async with database.work(subject) as work:
        found = await work.session.scalars(select(AuditEvent).order_by(AuditEvent.seq))
        return list(found)


async def actions_of(database: Database, subject: Subject) -> list[str]:
    """Return what has happened there."""
    return [event.action for event in await events_of(database, subject)]


async def found_in(database: Database, subject: Subject) -> Verified:
    """Verify the trail."""
    return await verifying.verified(database, subject)


async def leave(database: Database, subject: Subject, *actions: str) -> None:
    """Do things there, one after the other."""
    for number, action in enumerate(actions, 1):
        async with database.work(subject) as work:
            await trail.record(work, action, target=("thing", number), after={"number": number})


@contextmanager
def days_ago(days: int) -> Iterator[None]:
    """Do things in the past."""
    then = clock.milliseconds() - days * DAY
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "milliseconds", lambda: then)
        yield
