"""Service accounts: members that are programs, and let in by API keys alone.

One belongs to its organisation and not to whoever made it: it stays when they go. It is never more
than its maker was, and whoever changes it or makes a key for it has to be as much as it is.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select

from folkmoot.audit import trail
from folkmoot.db.keyset import Listing, Slice, containing
from folkmoot.db.work import Work
from folkmoot.http.etags import Expected, anything
from folkmoot.identity.callers.standing import serves
from folkmoot.identity.errors import ServiceAccountNotFound
from folkmoot.identity.models import ApiKey, Membership, User
from folkmoot.identity.organizations import members
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.programs import api_keys
from folkmoot.identity.programs.programs import (
    ServiceAccountCreate,
    ServiceAccountRead,
    ServiceAccountUpdate,
)
from folkmoot.identity.schemas import ApiKeyCreate
from folkmoot.kit import clock
from folkmoot.kit.ids import ApiKeyId, UserId
from folkmoot.kit.page import Asked

WRITE: Final = "service_accounts:write"
LISTING: Final = Listing(
    "service_accounts", User.id, {"created_at": User.id, "name": User.sorts_as}
)


async def create(work: Work, data: ServiceAccountCreate) -> ServiceAccountRead:
    """Make a service account.

    Raises:
        RoleTooHigh: It would be more than the subject is.
    """
    members.demand_within(work.subject, await members.hold(work, WRITE), OrgRole(data.role))
    org_id = work.subject.org_id
    account = User(email=None, email_normalized=None, name=data.name, service_of=org_id)
    work.session.add(account)
    await work.session.flush()
    member = Membership(org_id=org_id, user_id=account.id, role=OrgRole(data.role))
    work.session.add(member)
    await work.session.flush()
    await _record(work, "created", account.id, after=_told(account, member))
    return _read(account, member)


async def browse(work: Work, asked: Asked, *, words: str | None = None) -> Slice[User]:
    """Return a page of the organisation's service accounts."""
    statement = select(User).where(serves(work.subject.org_id))
    if words is not None:
        statement = statement.where(containing(words, User.name))
    return await LISTING.slice(work, statement, asked)


async def read(work: Work, accounts: Sequence[User]) -> list[ServiceAccountRead]:
    """Return service accounts with what they are in the organisation."""
    statement = select(Membership).where(
        Membership.org_id == work.subject.org_id,
        Membership.user_id.in_(account.id for account in accounts),
    )
    places = {member.user_id: member for member in await work.session.scalars(statement)}
    return [_read(account, places[account.id]) for account in accounts if account.id in places]


async def get(work: Work, account_id: UserId) -> ServiceAccountRead:
    """Return one.

    Raises:
        ServiceAccountNotFound: There is none.
    """
    return _read(*await _find(work, account_id))


async def update(
    work: Work,
    account_id: UserId,
    data: ServiceAccountUpdate,
    expected: Expected[ServiceAccountRead] = anything,
) -> ServiceAccountRead:
    """Change what the data names; a disabled one does not act, whatever keys it has.

    Raises:
        ServiceAccountNotFound: There is none.
        RoleTooHigh: It is more than the subject is, or would become that.
        PreconditionFailed: It is not what was expected.
    """
    account, member = await _hold(work, account_id, data.role)
    expected(_read(account, member))
    before = _told(account, member)
    account.name = data.name or account.name
    member.role = OrgRole(data.role) if data.role else member.role
    if data.disabled is not None:
        account.suspended_at = (account.suspended_at or clock.now()) if data.disabled else None
    await work.session.flush()
    await _record(work, "changed", account_id, before=before, after=_told(account, member))
    return _read(account, member)


async def delete(
    work: Work, account_id: UserId, expected: Expected[ServiceAccountRead] = anything
) -> None:
    """Let it end, with its keys and its places in teams. What it has done stays.

    Raises:
        ServiceAccountNotFound: There is none.
        RoleTooHigh: It is more than the subject is.
        PreconditionFailed: It is not what was expected.
    """
    account, member = await _hold(work, account_id)
    expected(_read(account, member))
    await work.session.delete(member)
    account.deleted_at = clock.now()
    await work.session.flush()
    await _record(work, "deleted", account_id, before=_told(account, member))


async def create_key(work: Work, account_id: UserId, data: ApiKeyCreate) -> tuple[ApiKey, str]:
    """Make a key for one, as `api_keys.create` does.

    Raises:
        ServiceAccountNotFound: There is none.
        RoleTooHigh: It is more than the subject is.
    """
    await _hold(work, account_id)
    return await api_keys.create(work, data, account_id)


async def browse_keys(
    work: Work, account_id: UserId, asked: Asked, *, words: str | None = None
) -> Slice[ApiKey]:
    """Return a page of its keys.

    Raises:
        ServiceAccountNotFound: There is none.
    """
    await _find(work, account_id)
    return await api_keys.browse(work, asked, account_id, words=words)


async def revoke_key(work: Work, account_id: UserId, key_id: ApiKeyId) -> None:
    """Revoke one of its keys, as `api_keys.revoke` does.

    Raises:
        ServiceAccountNotFound: There is no such service account.
        ApiKeyNotFound: It has no such key.
    """
    await _find(work, account_id)
    await api_keys.revoke(work, key_id, account_id)


async def _hold(work: Work, account_id: UserId, role: str | None = None) -> tuple[User, Membership]:
    """Keep others from changing it, and return it if it is the subject's to change."""
    limit = await members.hold(work, WRITE)
    account, member = await _find(work, account_id)
    wanted = [OrgRole(role)] if role else []
    members.demand_within(work.subject, limit, OrgRole(member.role), *wanted)
    return account, member


async def _find(work: Work, account_id: UserId) -> tuple[User, Membership]:
    org_id = work.subject.org_id
    statement = (
        select(User, Membership)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.org_id == org_id, User.id == account_id, serves(org_id))
    )
    found = (await work.session.execute(statement)).one_or_none()
    if found is None:
        raise ServiceAccountNotFound
    account, member = found
    return account, member


def _told(account: User, member: Membership) -> trail.Values:
    disabled = account.suspended_at is not None
    return {"name": account.name, "role": OrgRole(member.role), "disabled": disabled}


async def _record(
    work: Work,
    what: str,
    account_id: UserId,
    *,
    before: trail.Values | None = None,
    after: trail.Values | None = None,
) -> None:
    target = ("service_account", account_id)
    await trail.record(work, f"service_account.{what}", target=target, before=before, after=after)


def _read(account: User, member: Membership) -> ServiceAccountRead:
    return ServiceAccountRead(
        id=account.id,
        name=account.name,
        role=OrgRole(member.role),
        disabled=account.suspended_at is not None,
        created_at=account.created_at,
    )
