"""What the trails keep of a person: that they did something, when and to what."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import select

from folkmoot.audit import trail
from folkmoot.audit.models import AuditEvent
from folkmoot.db import extract
from folkmoot.db.work import Database
from folkmoot.kit.personal import File, Person
from folkmoot.kit.subject import Subject

# Not what was before and after: that may be of somebody else.
SHOWN: Final = select(
    AuditEvent.seq,
    AuditEvent.at_ms,
    AuditEvent.action,
    AuditEvent.target_type,
    AuditEvent.target_id,
    AuditEvent.request_id,
    AuditEvent.client_address,
)


@dataclass(frozen=True, slots=True)
class Trails:
    """The trails of the organisations in which the person did something."""

    database: Database
    tables: frozenset[str] = frozenset({"audit_events"})

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield what the person did."""
        for org_id in person.places:
            mine = SHOWN.where(AuditEvent.org_id == org_id, AuditEvent.actor_id == person.user_id)
            open_work = partial(self.database.work, Subject(org_id, person.user_id))
            events = extract.lines(open_work, mine, [AuditEvent.seq])
            yield File(f"organizations/{org_id}/audit.jsonl", events)

    async def erase(self, person: Person) -> None:
        """Take out where they came from and what they were; the chains stay intact.

        What somebody did in an organisation that they leave stays as it is.
        """
        if person.goes:
            async with self.database.personal_work(person.user_id) as work:
                await trail.forget(work)
