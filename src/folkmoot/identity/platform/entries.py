"""A platform admin's place in an organisation that is not theirs: for an hour, for a reason.

It is a membership like any other but for its end: what they do there is recorded as anybody's, they
are listed among the members, and may be removed. They make no key that would outlast it, and act in
it only where they name it. Its trail begins with the reason.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select

from folkmoot.audit import trail
from folkmoot.db.work import Database, Work
from folkmoot.identity.errors import AlreadyMember, OrganizationNotFound
from folkmoot.identity.models import Membership
from folkmoot.identity.organizations import members
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.platform.schemas import EntryRead
from folkmoot.jobs import storing
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.subject import Subject

LASTS: Final = timedelta(hours=1)
ROLE: Final = OrgRole.ADMIN


async def enter(work: Work, reason: str, *, kept: timedelta) -> EntryRead:
    """Give the subject a place in its organisation; one that they have entered goes on from now.

    What they leave behind there is erased some time after it has ended, as with any member.

    Raises:
        OrganizationNotFound: There is none, or it is suspended.
        AlreadyMember: It is theirs anyway.
    """
    await members.lock(work)
    org_id, user_id = work.subject.org_id, work.subject.user_id
    ends_at = clock.now() + LASTS
    member = await work.session.get(Membership, {"org_id": org_id, "user_id": user_id})
    if member is None:
        member = Membership(org_id=org_id, user_id=user_id, role=ROLE)
        work.session.add(member)
    elif member.ends_at is None:
        raise AlreadyMember
    member.ends_at = ends_at
    await work.session.flush()
    after = {"reason": reason, "role": member.role, "ends_at": ends_at}
    await trail.record(work, "platform.entered", target=("user", user_id), after=after)
    ids = {"user_id": str(user_id), "org_id": str(org_id)}
    await storing.store(work.session, members.ERASE_LEFT, LASTS + kept, queue=members.QUEUE, **ids)
    return EntryRead(organization_id=org_id, role=OrgRole(member.role), ends_at=ends_at)


async def leave(work: Work) -> None:
    """Give up the subject's place.

    Raises:
        OrganizationNotFound: They have none that ends by itself.
    """
    user_id = work.subject.user_id
    theirs = (
        delete(Membership)
        .where(Membership.org_id == work.subject.org_id, Membership.user_id == user_id)
        .where(Membership.ends_at.is_not(None))
        .returning(Membership.user_id)
    )
    if await work.session.scalar(theirs) is None:
        raise OrganizationNotFound
    await trail.record(work, "platform.left", target=("user", user_id))


async def leave_all(database: Database, user_id: UserId) -> None:
    """Give up all places of a person that end by themselves."""
    entered = select(Membership.org_id).where(
        Membership.user_id == user_id, Membership.ends_at.is_not(None)
    )
    async with database.personal_work(user_id) as work:
        places = (await work.session.scalars(entered.order_by(Membership.org_id))).all()
    for place in places:
        async with database.work(Subject(OrgId(place), user_id)) as work:
            await leave(work)
