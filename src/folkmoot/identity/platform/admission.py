"""The one way past the roles of organisations: for platform admins in person, and on record."""

from typing import Final

import structlog
from sqlalchemy import exists, select

from folkmoot.audit import trail
from folkmoot.db.work import Database, PersonalWork
from folkmoot.http.access import PlatformAdminNeeded
from folkmoot.http.ports import Person
from folkmoot.identity.models import Membership, PlatformAdmin

USED: Final = "platform.used"

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Admission:
    """Lets platform admins in, and nobody else."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, person: Person, *, method: str, route: str) -> None:
        """Record that a platform admin acts as one, in the organisations that they are of.

        Raises:
            PlatformAdminNeeded: They are none, act by a credential for one organisation, or are of
                none: then no trail could tell of it.
        """
        if person.subject is not None and person.subject.confined:
            raise PlatformAdminNeeded
        async with self._database.personal_work(person.user_id) as work:
            if not await is_admin(work):
                raise PlatformAdminNeeded
            await trail.record_personal(work, USED, target=("route", f"{method} {route}"))
        log.info(USED, method=method, route=route)


async def is_admin(work: PersonalWork) -> bool:
    """Tell whether somebody is a platform admin, and of an organisation whose trail tells of it."""
    place = exists().where(Membership.user_id == work.user_id, Membership.ends_at.is_(None))
    statement = select(PlatformAdmin.user_id).where(PlatformAdmin.user_id == work.user_id, place)
    return await work.session.scalar(statement) is not None
