"""Suspending organisations and people, and letting them go on: nothing of theirs is lost.

Whoever is suspended is answered like somebody who is not there. Their trails tell who has done it
and why.
"""

from typing import Final

from sqlalchemy import select

from folkmoot.audit import trail
from folkmoot.db.work import PersonalWork, Work
from folkmoot.identity.errors import OrganizationNotFound, OwnAccount, UserNotFound
from folkmoot.identity.models import Organization, User
from folkmoot.identity.sign_in import sessions
from folkmoot.kit import clock
from folkmoot.kit.ids import UserId

SUSPENDED: Final = "suspended"
RESUMED: Final = "resumed"


async def organization(work: Work, reason: str, *, suspended: bool) -> None:
    """Suspend the organisation that the subject, a platform admin, names; or let it go on.

    Raises:
        OrganizationNotFound: There is none.
    """
    named = (
        select(Organization)
        .where(Organization.id == work.subject.org_id, Organization.deleted_at.is_(None))
        .with_for_update(key_share=True)
    )
    found = (await work.session.scalars(named)).one_or_none()
    if found is None:
        raise OrganizationNotFound
    if (found.suspended_at is not None) is suspended:
        return
    found.suspended_at = clock.now() if suspended else None
    await work.session.flush()
    action = f"organization.{SUSPENDED if suspended else RESUMED}"
    target = ("organization", found.id)
    await trail.record(work, action, target=target, after={"reason": reason})


async def user(work: PersonalWork, admin: UserId, reason: str, *, suspended: bool) -> None:
    """Suspend somebody, who is signed out everywhere; or let them go on.

    Args:
        work: A unit of work of whom it is done to.
        admin: Who does it.
        reason: Why.
        suspended: What they are to be.

    Raises:
        UserNotFound: There is no such person.
        OwnAccount: Nobody suspends themselves: they could not undo it.
    """
    if work.user_id == admin:
        raise OwnAccount
    own = select(User).where(User.id == work.user_id, User.deleted_at.is_(None))
    persons = own.where(User.service_of.is_(None)).with_for_update()
    found = (await work.session.scalars(persons)).one_or_none()
    if found is None:
        raise UserNotFound
    if (found.suspended_at is not None) is suspended:
        return
    found.suspended_at = clock.now() if suspended else None
    await work.session.flush()
    if suspended:
        await sessions.revoke_all(work)
    action = f"user.{SUSPENDED if suspended else RESUMED}"
    await trail.record_personal(
        work, action, target=("user", found.id), after={"reason": reason}, by=admin
    )
