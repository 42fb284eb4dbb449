"""Organisations: read, made, renamed, deleted and brought back."""

from datetime import datetime, timedelta

from sqlalchemy import Select, select

from folkmoot.audit import trail
from folkmoot.db.work import Database, PersonalWork, Work
from folkmoot.identity import members
from folkmoot.identity.errors import OrganizationNotFound
from folkmoot.identity.models import Membership, Organization
from folkmoot.identity.permissions import OrgRole, granted
from folkmoot.identity.schemas import (
    OrganizationRead,
)
from folkmoot.identity.standing import there
from folkmoot.identity.tenancy import (
    OrganizationCreate,
    OrganizationDeleted,
    OrganizationUpdate,
)
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId, UserId, new_id
from folkmoot.kit.subject import Subject


async def browse(
    work: PersonalWork, subject: Subject, *, cursor: OrgId | None, limit: int
) -> list[OrganizationRead]:
    """Return up to `limit` organisations of the subject, oldest first, after the cursor.

    Whose credential is for one organisation is told of no other.
    """
    statement = _organizations(subject.user_id).order_by(Organization.id).limit(limit)
    if subject.confined:
        statement = statement.where(Organization.id == subject.org_id)
    if cursor is not None:
        statement = statement.where(Organization.id > cursor)
    rows = await work.session.execute(statement)
    return [OrganizationRead(id=id_, name=name, role=role) for id_, name, role in rows]


async def browse_deleted(
    work: PersonalWork,
    *,
    owner: UserId,
    kept: timedelta,
    cursor: OrgId | None,
    limit: int,
) -> list[OrganizationDeleted]:
    """Return up to `limit` organisations that their owner can bring back, oldest first.

    Args:
        work: A unit of work of the owner's.
        owner: Who may bring them back.
        kept: How long what was deleted can be brought back.
        cursor: The last one of the page before.
        limit: How many to return at most.
    """
    statement = (
        select(Organization.id, Organization.name, Organization.deleted_at)
        .join(Membership, Membership.org_id == Organization.id)
        .where(Membership.user_id == owner, Membership.role == OrgRole.OWNER)
        .where(Organization.deleted_at >= clock.now() - kept)
        .order_by(Organization.id)
        .limit(limit)
    )
    if cursor is not None:
        statement = statement.where(Organization.id > cursor)
    rows = await work.session.execute(statement)
    return [
        OrganizationDeleted(id=id_, name=name, deleted_at=at, restorable_until=at + kept)
        for id_, name, at in rows
        if at is not None
    ]


async def get(work: Work) -> OrganizationRead:
    """Return the organisation the subject acts in.

    Raises:
        OrganizationNotFound: It has been deleted a moment ago.
    """
    subject = work.subject
    statement = _organizations(subject.user_id).where(Organization.id == subject.org_id)
    found = (await work.session.execute(statement)).one_or_none()
    if found is None:
        raise OrganizationNotFound
    id_, name, role = found
    return OrganizationRead(id=id_, name=name, role=role)


async def create(database: Database, user_id: UserId, data: OrganizationCreate) -> OrganizationRead:
    """Make an organisation, which its maker owns."""
    subject = Subject(OrgId(new_id()), user_id, granted(OrgRole.OWNER))
    async with database.work(subject) as work:
        await found(work, data.name)
        target = ("organization", subject.org_id)
        await trail.record(work, "organization.created", target=target, after={"name": data.name})
    return OrganizationRead(id=subject.org_id, name=data.name, role=OrgRole.OWNER)


async def found(work: Work, name: str) -> None:
    """Store the subject's organisation, and the subject as its owner."""
    subject = work.subject
    work.session.add(Organization(id=subject.org_id, name=name))
    await work.session.flush()
    work.session.add(Membership(org_id=subject.org_id, user_id=subject.user_id, role=OrgRole.OWNER))
    await work.session.flush()


async def update(work: Work, data: OrganizationUpdate) -> OrganizationRead:
    """Change what the data names of the organisation the subject acts in."""
    organization = await members.lock(work)
    before = {"name": organization.name}
    if data.name is not None:
        organization.name = data.name
    await work.session.flush()
    target, after = ("organization", organization.id), {"name": organization.name}
    await trail.record(work, "organization.changed", target=target, before=before, after=after)
    return await get(work)


async def delete(work: Work) -> None:
    """Hide the organisation the subject acts in; until it is purged it can be brought back."""
    await members.hold(work, "organization:delete")
    organization = await members.lock(work)
    organization.deleted_at = clock.now()
    await work.session.flush()
    target, before = ("organization", organization.id), {"name": organization.name}
    await trail.record(work, "organization.deleted", target=target, before=before)


async def restore(work: Work, *, deleted_after: datetime) -> OrganizationRead:
    """Bring back the subject's organisation; one that is there stays as it is.

    Args:
        work: A unit of work of one of its owners, whose permissions do not count.
        deleted_after: If it was deleted before that, it is as good as purged.

    Raises:
        OrganizationNotFound: There is none, or the subject does not own it.
    """
    statement = (
        select(Organization)
        .join(Membership, Membership.org_id == Organization.id)
        .where(Organization.id == work.subject.org_id)
        .where(Membership.user_id == work.subject.user_id, Membership.role == OrgRole.OWNER)
        .with_for_update(of=Organization, key_share=True)
    )
    organization = (await work.session.scalars(statement)).one_or_none()
    if organization is None:
        raise OrganizationNotFound
    if organization.deleted_at is not None:
        if organization.deleted_at < deleted_after:
            raise OrganizationNotFound
        organization.deleted_at = None
        await work.session.flush()
        target, after = ("organization", organization.id), {"name": organization.name}
        await trail.record(work, "organization.restored", target=target, after=after)
    return await get(work)


def _organizations(user_id: UserId) -> Select[OrgId, str, OrgRole]:
    return (
        select(Organization.id, Organization.name, Membership.role)
        .join(Membership, Membership.org_id == Organization.id)
        .where(Membership.user_id == user_id, Organization.deleted_at.is_(None))
        .where(Organization.suspended_at.is_(None), there())
    )
