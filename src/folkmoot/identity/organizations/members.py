"""What the members of an organisation are in it, and how they leave.

Whoever changes that holds the organisation: of two changes at once the second sees what the first
has left, so that there is always an owner and nobody acts by a role that they have just lost.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from folkmoot.audit import trail
from folkmoot.db.keyset import Listing, containing
from folkmoot.db.work import Work
from folkmoot.http.access import PermissionDenied
from folkmoot.http.etags import Expected, anything
from folkmoot.identity.callers.standing import KIND, Kind, acts, serves, there
from folkmoot.identity.errors import (
    CannotOwn,
    LastOwner,
    MemberNotFound,
    OrganizationNotFound,
    RoleTooHigh,
)
from folkmoot.identity.models import Membership, Organization, User
from folkmoot.identity.organizations.tenancy import (
    MemberRead,
)
from folkmoot.identity.permissions import PERMISSIONS, OrgRole
from folkmoot.jobs import storing
from folkmoot.kit import clock
from folkmoot.kit.ids import UserId
from folkmoot.kit.page import Asked, Page
from folkmoot.kit.subject import Subject

WRITE: Final = "members:write"
ERASE_LEFT: Final = "identity.erase_left"
QUEUE: Final = "identity"
LISTING: Final = Listing("members", Membership.user_id, {"created_at": Membership.created_at})
BY_NAME: Final = Listing("members", User.id, {"name": User.sorts_as})


async def browse(
    work: Work,
    asked: Asked,
    *,
    words: str | None = None,
    role: OrgRole | None = None,
    kind: Kind | None = None,
) -> Page[MemberRead]:
    """Return a page of the members of the subject's organisation."""
    statement = _members(work)
    if words is not None:
        statement = statement.where(containing(words, User.name, User.email))
    if role is not None:
        statement = statement.where(Membership.role == role)
    if kind is not None:
        statement = statement.where(User.service_of.is_(None) == (kind is Kind.PERSON))
    listing = BY_NAME if asked.field == "name" else LISTING
    found = await listing.joined(work, statement, asked)
    return found.page([MemberRead.model_validate(row) for row in found.rows])


async def get(work: Work, user_id: UserId) -> MemberRead:
    """Return one member.

    Raises:
        MemberNotFound: They are none.
    """
    found = (
        await work.session.execute(_members(work).where(Membership.user_id == user_id))
    ).one_or_none()
    if found is None:
        raise MemberNotFound
    return MemberRead.model_validate(found)


async def change_role(
    work: Work, user_id: UserId, role: OrgRole, expected: Expected[MemberRead] = anything
) -> MemberRead:
    """Make a member something else.

    Raises:
        MemberNotFound: They are no member.
        RoleTooHigh: They are more than the subject, or would become that.
        CannotOwn: They would become an owner, and cannot.
        LastOwner: The organisation would be left without an owner.
        PreconditionFailed: They are not what was expected.
    """
    limit = await hold(work, WRITE)
    member = await _get(work, user_id)
    shown = await get(work, user_id)
    expected(shown)
    before = shown.role
    demand_within(work.subject, limit, before, role)
    if role is OrgRole.OWNER:
        await _demand_can_own(work, member)
    else:
        await _keep_an_owner(work, member)
    member.role = role
    await work.session.flush()
    if role is not before:
        await _record(work, "member.role_changed", user_id, before=before, after=role)
    return shown.model_copy(update={"role": role})


async def remove(
    work: Work,
    user_id: UserId,
    expected: Expected[MemberRead] = anything,
    *,
    kept: timedelta,
) -> None:
    """Take a member out, with their keys and their places in teams; everybody may leave.

    What else they had there is kept for a while, for the case that they come back. A service
    account is nowhere else: it ends.

    Raises:
        MemberNotFound: They are no member.
        PermissionDenied: They are somebody else, and the subject may only leave.
        RoleTooHigh: They are more than the subject.
        LastOwner: The organisation would be left without an owner.
        PreconditionFailed: They are not what was expected.
    """
    leaves = user_id == work.subject.user_id
    limit = await hold(work, None if leaves else WRITE)
    member = await _get(work, user_id)
    before = OrgRole(member.role)
    expected(await get(work, user_id))
    if not leaves:
        demand_within(work.subject, limit, before)
    await _keep_an_owner(work, member)
    await work.session.delete(member)
    await work.session.flush()
    ends = update(User).where(User.id == user_id, serves(work.subject.org_id))
    await work.session.execute(ends.values(deleted_at=clock.now()))
    await _record(work, "member.left" if leaves else "member.removed", user_id, before=before)
    ids = {"user_id": str(user_id), "org_id": str(work.subject.org_id)}
    await storing.store(work.session, ERASE_LEFT, kept, queue=QUEUE, **ids)


async def transfer_ownership(work: Work, user_id: UserId) -> MemberRead:
    """Make another member an owner, and the subject an administrator.

    Raises:
        MemberNotFound: They are no member, or cannot act.
        CannotOwn: They cannot be an owner.
    """
    await hold(work, "ownership:transfer")
    heir = await _get(work, user_id)
    acting = select(User.id).where(User.id == user_id, acts())
    if await work.session.scalar(acting) is None:
        raise MemberNotFound
    if user_id != work.subject.user_id:
        await _demand_can_own(work, heir)
        before = OrgRole(heir.role)
        heir.role = OrgRole.OWNER
        (await _get(work, work.subject.user_id)).role = OrgRole.ADMIN
        await work.session.flush()
        await _record(work, "ownership.transferred", user_id, before=before, after=OrgRole.OWNER)
    return await get(work, user_id)


async def hold(work: Work, permission: str | None = None) -> OrgRole:
    """Keep others from changing who is what until this work ends; return what the subject is.

    Raises:
        OrganizationNotFound: It has been deleted, or the subject is no member any more.
        PermissionDenied: What they are now does not allow this.
    """
    if permission is not None and permission not in work.subject.permissions:
        raise PermissionDenied(permission)
    await lock(work)
    key = {"org_id": work.subject.org_id, "user_id": work.subject.user_id}
    own = await work.session.get(Membership, key)
    if own is None:
        raise OrganizationNotFound
    role = OrgRole(own.role)
    if permission is not None and permission not in PERMISSIONS[role]:
        raise PermissionDenied(permission)
    return role


def demand_within(subject: Subject, limit: OrgRole, *roles: OrgRole) -> None:
    """Fail unless roles are the subject's to give and to take.

    An API key gives what any member may do, and beyond that nothing that it may not do itself.

    Args:
        subject: Who gives or takes them.
        limit: What the subject is.
        roles: What somebody is, or becomes.

    Raises:
        RoleTooHigh: One is more than the subject is, or than its key allows.
    """
    for role in roles:
        beyond = PERMISSIONS[role] - PERMISSIONS[OrgRole.MEMBER]
        if not role.within(limit) or (subject.api_key and not beyond <= subject.permissions):
            raise RoleTooHigh


async def lock(work: Work) -> Organization:
    """Hold and return the subject's organisation; what places of it have ended are none any more.

    Raises:
        OrganizationNotFound: It has been deleted or suspended.
    """
    statement = (
        select(Organization)
        .where(Organization.id == work.subject.org_id)
        .where(Organization.deleted_at.is_(None), Organization.suspended_at.is_(None))
        .with_for_update(key_share=True)
    )
    organization = (await work.session.scalars(statement)).one_or_none()
    if organization is None:
        raise OrganizationNotFound
    ended = delete(Membership).where(Membership.org_id == organization.id, ~there())
    await work.session.execute(ended)
    return organization


async def _get(work: Work, user_id: UserId) -> Membership:
    key = {"org_id": work.subject.org_id, "user_id": user_id}
    member = await work.session.get(Membership, key)
    if member is None:
        raise MemberNotFound
    return member


async def _demand_can_own(work: Work, member: Membership) -> None:
    """Fail unless somebody is a person who stays: a place that ends would leave nobody."""
    person = select(User.id).where(User.id == member.user_id, User.service_of.is_(None))
    if member.ends_at is not None or await work.session.scalar(person) is None:
        raise CannotOwn


async def _keep_an_owner(work: Work, leaving: Membership) -> None:
    """Fail if nobody would be left who owns the organisation and can act."""
    if await is_sole_owner(work.session, leaving):
        raise LastOwner


async def is_sole_owner(session: AsyncSession, member: Membership) -> bool:
    """Tell whether somebody owns their organisation, and nobody else does who can act."""
    if member.role != OrgRole.OWNER:
        return False
    others = (
        select(func.count())
        .select_from(Membership)
        .join(User, User.id == Membership.user_id)
        .where(Membership.org_id == member.org_id, Membership.role == OrgRole.OWNER)
        .where(Membership.user_id != member.user_id, acts())
    )
    return not await session.scalar(others)


def _members(
    work: Work,
) -> Select[UserId, str, str | None, Kind, OrgRole, datetime, datetime | None, UserId, str]:
    return (
        select(
            Membership.user_id,
            User.name,
            User.email,
            KIND,
            Membership.role,
            Membership.created_at,
            Membership.ends_at,
            User.id,
            User.sorts_as,
        )
        .join(User, User.id == Membership.user_id)
        .where(Membership.org_id == work.subject.org_id, there())
    )


async def _record(
    work: Work,
    action: str,
    user_id: UserId,
    *,
    before: OrgRole | None = None,
    after: OrgRole | None = None,
) -> None:
    """Record what becomes of a member."""
    was, is_ = ({"role": role} if role else None for role in (before, after))
    await trail.record(work, action, target=("user", user_id), before=was, after=is_)
