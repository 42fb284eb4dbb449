"""What this room keeps of a person: what they have asked again and again."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import delete, select

from folkmoot.db import extract
from folkmoot.db.work import Database
from folkmoot.kit.personal import File, Person
from folkmoot.kit.subject import Subject
from folkmoot.schedules.models import Schedule

SCHEDULES: Final = select(
    Schedule.id,
    Schedule.name,
    Schedule.asked,
    Schedule.cron,
    Schedule.time_zone,
    Schedule.paused,
    Schedule.created_at,
)


@dataclass(frozen=True, slots=True)
class OwnSchedules:
    """The schedules that ask for a person; their ticks go with them."""

    database: Database
    tables: frozenset[str] = frozenset({"schedules", "schedule_ticks"})

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield what is asked for the person."""
        for org_id in person.places:
            open_work = partial(self.database.work, Subject(org_id, person.user_id))
            mine = SCHEDULES.where(Schedule.org_id == org_id, Schedule.user_id == person.user_id)
            lines = extract.lines(open_work, mine, [Schedule.id])
            yield File(f"organizations/{org_id}/schedules.jsonl", lines)

    async def erase(self, person: Person) -> None:
        """Delete it."""
        for org_id in person.places:
            async with self.database.work(Subject(org_id, person.user_id)) as work:
                await work.session.execute(
                    delete(Schedule).where(
                        Schedule.org_id == org_id, Schedule.user_id == person.user_id
                    )
                )
