"""Personal data of all rooms: exported as one archive, erased by one job."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import select, text

from folkmoot.audit import trail
from folkmoot.db.work import Database, PersonalWork
from folkmoot.identity.callers.standing import there
from folkmoot.identity.models import Membership, Organization, User
from folkmoot.identity.organizations import members
from folkmoot.identity.people import departing
from folkmoot.jobs.queue import Queue
from folkmoot.kit import archive
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.personal import Contribution, File, Person

PLACES: Final = text("SELECT org_id FROM personal_places()")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Everything that is kept of people.

    Attributes:
        database: The database.
        contributions: What each room keeps, in the order in which it is erased.
    """

    database: Database
    contributions: Sequence[Contribution]

    def register(self, queue: Queue) -> None:
        """Name the jobs."""
        queue.register(departing.ERASE, self.erase, queue=departing.QUEUE)
        queue.register(members.ERASE_LEFT, self.erase_left, queue=members.QUEUE)

    async def export(self, user_id: UserId) -> AsyncGenerator[bytes]:
        """Return an archive of all that a person has, wherever they are a member. It is recorded.

        Each part is read when it is asked for, so that it shows what is there at that moment.
        """
        async with self.database.personal_work(user_id) as work:
            await trail.record_personal(work, "account.exported", target=("user", user_id))
            places = await _memberships(work)
        person = Person(user_id=user_id, places=places)
        return archive.zipped(self._files(person))

    async def erase(self, *, user_id: str, org_ids: str = "") -> None:
        """Erase what is left of somebody who has gone. May be cut at any moment, and done twice.

        Args:
            user_id: The person.
            org_ids: Where they were a member, for what is kept elsewhere and told by no row.

        Raises:
            Unavailable: Something that keeps a part of it does not answer.
        """
        person_id = UserId(UUID(user_id))
        gone = select(User.id, User.email).where(User.id == person_id, User.deleted_at.is_not(None))
        async with self.database.personal_work(person_id) as work:
            found = (await work.session.execute(gone)).one_or_none()
            places = await _everywhere(work)
        places |= {OrgId(UUID(each)) for each in org_ids.split(",") if each}
        if found is None:
            return
        _, email = found  # a program has none
        await self._erase(
            Person(user_id=person_id, places=tuple(sorted(places)), email=email or "")
        )
        log.info("personal_data.erased", organizations=len(places))

    async def erase_left(self, *, user_id: str, org_id: str) -> None:
        """Erase what somebody has left behind in an organisation, unless they are back."""
        person_id, place = UserId(UUID(user_id)), OrgId(UUID(org_id))
        async with self.database.personal_work(person_id) as work:
            places = await _memberships(work, deleted=True)
        if place not in places:
            await self._erase(Person(user_id=person_id, places=(place,)))

    async def _erase(self, person: Person) -> None:
        for contribution in self.contributions:
            await contribution.erase(person)

    async def _files(self, person: Person) -> AsyncGenerator[File]:
        for contribution in self.contributions:
            async with aclosing(contribution.export(person)) as files:
                async for file in files:
                    yield file


async def _memberships(work: PersonalWork, *, deleted: bool = False) -> tuple[OrgId, ...]:
    """Return where the person is a member; also in what has been deleted, if asked to."""
    mine = (
        select(Membership.org_id)
        .join(Organization, Organization.id == Membership.org_id)
        .where(Membership.user_id == work.user_id, there())
        .order_by(Membership.org_id)
    )
    if not deleted:
        mine = mine.where(Organization.deleted_at.is_(None))
    return tuple((await work.session.scalars(mine)).all())


async def _everywhere(work: PersonalWork) -> set[OrgId]:
    """Return where the person has something, a member or not."""
    found = {OrgId(each) for each in (await work.session.scalars(PLACES)).all()}
    return found.union(await _memberships(work, deleted=True))
