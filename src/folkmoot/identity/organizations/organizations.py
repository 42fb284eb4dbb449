"""Organisations: read, made, renamed, deleted and brought back."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, select

from folkmoot.audit import trail
from folkmoot.db.keyset import Listing, containing
from folkmoot.db.work import Database, PersonalWork, Work
from folkmoot.http.etags import Expected, anything
from folkmoot.identity.callers.standing import there
from folkmoot.identity.errors import OrganizationNotFound
from folkmoot.identity.models import Membership, Organization
from folkmoot.identity.organizations import members
from folkmoot.identity.organizations.tenancy import (
    OrganizationCreate,
    OrganizationDeleted,
    OrganizationUpdate,
)
from folkmoot.identity.permissions import OrgRole, granted
from folkmoot.identity.schemas import (
    OrganizationRead,
)
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId, UserId, new_id
from folkmoot.kit.page import Asked, Page
from folkmoot.kit.subject import Subject

LISTING: Final = Listing(
    "organizations", Organization.id, {"created_at": Organization.id, "name": Organization.name}
)
DELETED: Final = Listing(
    "deleted_organizations",
    Organization.id,
    {"deleted_at": Organization.deleted_at, "name": Organization.name},
)


async def browse(
    work: PersonalWork,
    subject: Subject,
    asked: Asked,
    *,
    words: str | None = None,
    role: OrgRole | None = None,
) -> Page[OrganizationRead]:
    """Return a page of the subject's organisations.

    Whose credential is for one organisation is told of no other.
    """
    statement = _organizations(subject.user_id)
    if subject.confined:
        statement = statement.where(Organization.id == subject.org_id)
    if words is not None:
        statement = statement.where(containing(words, Organization.name))
    if role is not None:
        statement = statement.where(Membership.role == role)
    found = await LISTING.joined(work, statement, asked)
    return found.page([OrganizationRead.model_validate(row) for row in found.rows])


async def browse_deleted(
    work: PersonalWork, asked: Asked, *, owner: UserId, kept: timedelta
) -> Page[OrganizationDeleted]:
    """Return a page of the organisations that their owner can bring back.

    Args:
        work: A unit of work of the owner's.
        asked: Which page.
        owner: Who may bring them back.
        kept: How long what was deleted can be brought back.
    """
    statement = (
        select(Organization)
        .join(Membership, Membership.org_id == Organization.id)
        .where(Membership.user_id == owner, Membership.role == OrgRole.OWNER)
        .where(Organization.deleted_at >= clock.now() - kept)
    )
    found = await DELETED.slice(work, statement, asked)
    return found.page(
        [
            OrganizationDeleted(
                id=each.id,
                name=each.name,
                deleted_at=each.deleted_at,
                restorable_until=each.deleted_at + kept,
            )
            for each in found.rows
            if each.deleted_at is not None
        ]
    )


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
    return OrganizationRead.model_validate(found)


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


async def update(
    work: Work, data: OrganizationUpdate, expected: Expected[OrganizationRead] = anything
) -> OrganizationRead:
    """Change what the data names of the organisation the subject acts in.

    Raises:
        PreconditionFailed: It is not what was expected.
    """
    organization = await members.lock(work)
    shown = await get(work)
    expected(shown)
    before = {"name": organization.name}
    if data.name is not None:
        organization.name = data.name
    await work.session.flush()
    target, after = ("organization", organization.id), {"name": organization.name}
    await trail.record(work, "organization.changed", target=target, before=before, after=after)
    return shown.model_copy(update=after)


async def delete(work: Work, expected: Expected[OrganizationRead] = anything) -> None:
    """Hide the organisation the subject acts in; until it is purged it can be brought back.

    Raises:
        PreconditionFailed: It is not what was expected.
    """
    await members.hold(work, "organization:delete")
    organization = await members.lock(work)
    expected(await get(work))
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
