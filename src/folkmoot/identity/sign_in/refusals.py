"""Failed attempts to sign in go into the trail of whom they were about, and nobody can tell.

What an attempt costs must not depend on whether there is such an account. So each stores a job of
the same kind, and the job finds out.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from folkmoot.audit import trail
from folkmoot.db.work import Database
from folkmoot.jobs import storing
from folkmoot.jobs.queue import Queue
from folkmoot.kit.ids import UserId, new_id
from folkmoot.kit.telemetry import context

NOTE: Final = "identity.note_refusal"
QUEUE: Final = "identity"


async def note(database: Database, user_id: UserId | None) -> None:
    """Have it recorded that somebody was not let in."""
    request_id = context.current().get("request_id", "")
    ids = {"user_id": str(user_id or new_id()), "request_id": request_id}
    async with database.personal_work() as work:
        await storing.store(work.session, NOTE, queue=QUEUE, **ids)


@dataclass(frozen=True, slots=True)
class Refusals:
    """The job that records them; register it once per process."""

    database: Database

    def register(self, queue: Queue) -> None:
        """Name the job."""
        queue.register(NOTE, self.record, queue=QUEUE)

    async def record(self, *, user_id: str, request_id: str) -> None:
        """Record a refusal where the person is a member; somebody who does not exist is nowhere."""
        person = UserId(UUID(user_id))
        with context.bound(request_id=request_id):
            async with self.database.personal_work(person) as work:
                await trail.record_personal(work, "session.refused", target=("user", person))
