"""Telling whoever a schedule asks for that it has paused itself, while nobody looks."""

from dataclasses import dataclass
from typing import Final, cast
from uuid import UUID

from sqlalchemy import select

from folkmoot.db.work import Database, Work
from folkmoot.identity.callers.standing import acts
from folkmoot.identity.errors import OrganizationNotFound
from folkmoot.identity.models import User
from folkmoot.identity.organizations import organizations
from folkmoot.jobs import storing
from folkmoot.jobs.queue import Queue
from folkmoot.kit.ids import LetterId, OrgId, ScheduleId, made_at, new_id
from folkmoot.kit.subject import Subject, deployment
from folkmoot.mail.carrier import Carrier
from folkmoot.mail.letters import QUEUE, Letter
from folkmoot.schedules.models import Schedule
from folkmoot.schedules.states import BY_ITSELF, Pause

TELL: Final = "schedules.tell"
WHY: Final = {
    Pause.FAILURES: "has failed {failures} times in a row",
    Pause.BROKEN: "says no moment any more (its time zone is {time_zone})",
}
TEXT: Final = """\
The schedule “{name}” in {organization} {why} and is paused.

What came of it, and how to let it go on:
{link}
"""


@dataclass(frozen=True, slots=True)
class Telling:
    """Writes letters about schedules; register its job once per process.

    Attributes:
        database: The database.
        carrier: Who sends letters.
        public_url: Where people reach this deployment.
    """

    database: Database
    carrier: Carrier
    public_url: str

    def register(self, queue: Queue) -> None:
        """Name the job."""
        queue.register(TELL, self.tell, queue=QUEUE)

    async def tell(self, *, org_id: str, schedule_id: str, letter_id: str) -> None:
        """Tell its owner that a schedule has paused itself; nothing if it goes on again.

        Raises:
            MailAway: Not now.
            LetterRefused: Not ever.
        """
        letter, place = LetterId(UUID(letter_id)), OrgId(UUID(org_id))
        async with self.database.work(deployment(place)) as work:
            schedule = await _paused(work, ScheduleId(UUID(schedule_id)))
        if schedule is None:
            return
        async with self.database.work(Subject(place, schedule.user_id)) as work:
            post = await self._letter(work, schedule)
        if post is not None:
            await self.carrier.deliver(letter, post, posted=made_at(letter))

    async def _letter(self, work: Work, schedule: Schedule) -> Letter | None:
        """Write to whoever acts; programs, and people who have gone, get none."""
        owner = select(User.email).where(User.id == schedule.user_id, acts())
        address = await work.session.scalar(owner)
        try:
            organization = await organizations.get(work)
        except OrganizationNotFound:
            return None
        if address is None:
            return None
        text = TEXT.format(
            name=schedule.name,
            organization=organization.name,
            why=WHY[Pause(cast(Pause, schedule.paused))].format(
                failures=schedule.failures, time_zone=schedule.time_zone
            ),
            link=f"{self.public_url.rstrip('/')}/settings/schedules/{schedule.id}",
        )
        return Letter(address, f"“{schedule.name}” is paused", text)


async def have_told(work: Work, schedule: Schedule) -> None:
    """Have its owner told in a letter, once this work is committed."""
    ids = {
        "org_id": str(schedule.org_id),
        "schedule_id": str(schedule.id),
        "letter_id": str(new_id()),
    }
    await storing.store(work.session, TELL, queue=QUEUE, **ids)


async def _paused(work: Work, schedule_id: ScheduleId) -> Schedule | None:
    statement = select(Schedule).where(
        Schedule.org_id == work.subject.org_id,
        Schedule.id == schedule_id,
        Schedule.paused.in_(BY_ITSELF),
    )
    return (await work.session.scalars(statement)).one_or_none()
