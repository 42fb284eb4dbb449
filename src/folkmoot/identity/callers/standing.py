"""Whose account counts at the moment, and which places do."""

from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, or_, select

from folkmoot.db.work import Work
from folkmoot.identity.models import Membership, User
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId


class Kind(StrEnum):
    """What a member is: a service account is a program's and acts by API keys alone."""

    PERSON = "person"
    SERVICE = "service"


KIND = case((User.service_of.is_(None), Kind.PERSON), else_=Kind.SERVICE).label("kind")


def acts() -> ColumnElement[bool]:
    """Select users who are neither deleted nor suspended."""
    return and_(User.deleted_at.is_(None), User.suspended_at.is_(None))


def there() -> ColumnElement[bool]:
    """Select places that have not ended."""
    return or_(Membership.ends_at.is_(None), Membership.ends_at > clock.now())


def serves(org_id: OrgId) -> ColumnElement[bool]:
    """Select the service accounts that an organisation has."""
    return and_(User.service_of == org_id, User.deleted_at.is_(None))


async def speaks_for_others(work: Work) -> bool:
    """Tell whether the acting user is a program, by whose account many people may speak."""
    mine = select(User.service_of).where(User.id == work.subject.user_id)
    return await work.session.scalar(mine) is not None
