"""Removing events when their time is over; what stays can still be verified."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, text

from folkmoot.audit import trail
from folkmoot.audit.models import AuditChain
from folkmoot.db.work import Database
from folkmoot.kit.ids import OrgId
from folkmoot.kit.subject import deployment

# Functions of the database, which let nobody remove what is younger than 30 days.
EXPIRED: Final = text("SELECT org_id FROM audit_expired(:days) ORDER BY org_id")
TRUNCATE: Final = text("SELECT org_id FROM audit_truncate(:days)")


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days an event is kept."""

    database: Database
    days: int

    async def remove(self) -> None:
        """Remove the oldest events of every organisation that has some of them."""
        async with self.database.personal_work() as work:
            expired = (await work.session.scalars(EXPIRED, {"days": self.days})).all()
        for org_id in expired:
            while await self._truncate(OrgId(org_id)):
                pass

    async def _truncate(self, org_id: OrgId) -> bool:
        """Remove some events of one organisation, of which its trail tells; false if none is old.

        What was damaged stays as it is found.
        """
        place = select(AuditChain.truncated_seq).where(AuditChain.org_id == org_id)
        async with self.database.work(deployment(org_id)) as work:
            removed = (await work.session.execute(TRUNCATE, {"days": self.days})).first()
            if removed is None:
                return False
            last = await work.session.scalar(place)
            await trail.record(work, "audit.truncated", after={"last_removed": last})
        return True
