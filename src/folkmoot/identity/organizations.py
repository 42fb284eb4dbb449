"""Organisations and their members, read only."""

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from folkmoot.db.work import PersonalWork, Work
from folkmoot.identity.errors import OrganizationNotFound
from folkmoot.identity.models import Membership, Organization, User
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.schemas import MemberRead, OrganizationRead
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.subject import Subject


async def browse(
    work: PersonalWork, subject: Subject, *, cursor: OrgId | None, limit: int
) -> list[OrganizationRead]:
    """Return up to `limit` organisations of the subject, oldest first, after the cursor.

    A key belongs to one organisation and does not tell of the others.
    """
    statement = _organizations(subject.user_id).order_by(Organization.id).limit(limit)
    if subject.api_key:
        statement = statement.where(Organization.id == subject.org_id)
    if cursor is not None:
        statement = statement.where(Organization.id > cursor)
    rows = await work.session.execute(statement)
    return [OrganizationRead(id=id_, name=name, role=role) for id_, name, role in rows]


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


async def members(work: Work, *, cursor: UserId | None, limit: int) -> list[MemberRead]:
    """Return up to `limit` members of the subject's organisation, after the cursor."""
    page = (
        select(Membership)
        .where(Membership.org_id == work.subject.org_id)
        .order_by(Membership.user_id)
        .limit(limit)
    )
    if cursor is not None:
        page = page.where(Membership.user_id > cursor)
    # Cut first and joined then: of ten thousand members those of one page are looked up.
    member = aliased(Membership, page.subquery())
    statement = (
        select(User.id, User.name, User.email, member.role, member.created_at)
        .join(member, member.user_id == User.id)
        .order_by(User.id)
    )
    rows = await work.session.execute(statement)
    return [
        MemberRead(user_id=id_, name=name, email=email, role=role, created_at=created_at)
        for id_, name, email, role, created_at in rows
    ]


def _organizations(user_id: UserId) -> Select[OrgId, str, OrgRole]:
    return (
        select(Organization.id, Organization.name, Membership.role)
        .join(Membership, Membership.org_id == Organization.id)
        .where(Membership.user_id == user_id, Organization.deleted_at.is_(None))
    )
