"""API keys: made, listed, revoked.

A key made with a key stays within it: it may do no more, lasts no longer and is revoked with it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from folkmoot.audit import trail
from folkmoot.db.keyset import Listing, Slice, containing
from folkmoot.db.work import PersonalWork, Work
from folkmoot.identity.callers import credentials, holding
from folkmoot.identity.errors import (
    ApiKeyNotFound,
    ExpiryPassed,
    ExpiryTooLate,
    ScopeTooWide,
)
from folkmoot.identity.models import ApiKey
from folkmoot.identity.organizations.leaving import demand_member
from folkmoot.identity.schemas import ApiKeyCreate
from folkmoot.kit import clock
from folkmoot.kit.ids import ApiKeyId, OrgId, UserId, new_id
from folkmoot.kit.page import Asked
from folkmoot.kit.subject import Subject

KIND: Final = "api_key"
LISTING: Final = Listing("api_keys", ApiKey.id, {"created_at": ApiKey.id, "name": ApiKey.name})


async def create(
    work: Work, data: ApiKeyCreate, holder: UserId | None = None
) -> tuple[ApiKey, str]:
    """Make a key; return it with its secret, which is stored nowhere.

    Args:
        work: A unit of work of its maker.
        data: What is wanted.
        holder: The service account that it acts for; its maker if it is none.

    Raises:
        ExpiryPassed: It would count for nothing from the start.
        ExpiryTooLate: It would outlive the key it is made with.
        ScopeTooWide: It would be able to do what its maker may not.
        NotSignedIn: The session or the key it is made with has just been revoked.
        OrganizationNotFound: The subject has just been removed.
    """
    if data.expires_at is not None and data.expires_at <= clock.now():
        raise ExpiryPassed
    expires_at = await _expiry(work, data.expires_at)
    secret = credentials.new(credentials.API_KEY)
    key = ApiKey(
        org_id=work.subject.org_id,
        user_id=holder or work.subject.user_id,
        name=data.name,
        prefix=secret[: credentials.SHOWN],
        hash=credentials.digest(secret),
        parent_id=work.subject.key_id,
        made_by=work.subject.user_id,
        scopes=_scopes(work.subject, data.scopes),
        expires_at=expires_at,
    )
    with demand_member():
        work.session.add(key)
        await work.session.flush()
    limits = {"scopes": key.scopes, "expires_at": expires_at}
    await _created(work, key.id, data.name, **limits, **({"user_id": holder} if holder else {}))
    return key, secret


async def admit(work: Work, secret: str, name: str) -> None:
    """Let a secret chosen elsewhere act for the subject, unless it is known already."""
    made = await work.session.execute(
        insert(ApiKey)
        .values(
            org_id=work.subject.org_id,
            id=new_id(),
            user_id=work.subject.user_id,
            name=name,
            prefix=secret[: credentials.SHOWN],
            hash=credentials.digest(secret),
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["hash"])
        .returning(ApiKey.id)
    )
    key_id = made.scalar_one_or_none()
    if key_id is not None:
        await _created(work, key_id, name)


async def browse(
    work: Work,
    asked: Asked,
    holder: UserId | None = None,
    *,
    words: str | None = None,
    user_id: UserId | None = None,
) -> Slice[ApiKey]:
    """Return a page of the keys that have not been revoked.

    Args:
        work: A unit of work.
        asked: Which page.
        holder: Whose keys to show, though the subject could see none; all visible ones without.
        words: What their names have in them.
        user_id: Whose keys to show of the visible ones.
    """
    statement = _visible(work.subject, holder)
    if user_id is not None:
        statement = statement.where(ApiKey.user_id == user_id)
    if words is not None:
        statement = statement.where(containing(words, ApiKey.name))
    return await LISTING.slice(work, statement, asked)


async def revoke(work: Work, key_id: ApiKeyId, holder: UserId | None = None) -> None:
    """Make a key count no more, if it is the holder's, and every key that was made with it.

    Raises:
        ApiKeyNotFound: The subject can not see it, or it has been revoked.
    """
    visible = _visible(work.subject, holder).where(ApiKey.id == key_id).with_only_columns(ApiKey.id)
    revoked = await _revoke(work, work.subject.org_id, ApiKey.id.in_(visible))
    if not revoked:
        raise ApiKeyNotFound(key_id)
    for each in revoked:
        await trail.record(work, "api_key.revoked", target=(KIND, each))


async def revoke_own(work: PersonalWork, place: OrgId) -> None:
    """Let no key count any more that the person has, or has made for a service account.

    It is done in the organisation that the work has entered.
    """
    theirs = or_(ApiKey.user_id == work.user_id, ApiKey.made_by == work.user_id)
    await _revoke(work, place, theirs)


async def _revoke(
    work: Work | PersonalWork, place: OrgId, which: ColumnElement[bool]
) -> Sequence[ApiKeyId]:
    """Make keys count no more, and those that were made with them; return all of them."""
    statement = (
        update(ApiKey)
        .where(ApiKey.org_id == place, ApiKey.revoked_at.is_(None))
        .values(revoked_at=clock.now())
        .returning(ApiKey.id)
    )
    revoked: list[ApiKeyId] = []
    newest = (await work.session.scalars(statement.where(which))).all()
    # One generation after the other: each statement sees what was made while the last one waited.
    while newest:
        revoked += newest
        made_with = statement.where(ApiKey.parent_id.in_(newest))
        newest = (await work.session.scalars(made_with)).all()
    return revoked


async def _created(work: Work, key_id: ApiKeyId, name: str, **limits: object) -> None:
    """Put a new key into the trail, with what limits it."""
    after = {"name": name, **limits}
    await trail.record(work, "api_key.created", target=(KIND, key_id), after=after)


def _visible(subject: Subject, holder: UserId | None) -> Select[ApiKey]:
    """Select the keys of a holder, or those that a subject can see without one.

    That are their own, or everybody's if they manage them.
    """
    statement = select(ApiKey).where(ApiKey.org_id == subject.org_id, ApiKey.revoked_at.is_(None))
    if holder is not None:
        return statement.where(ApiKey.user_id == holder)
    if "api_keys:manage" in subject.permissions:
        return statement
    return statement.where(ApiKey.user_id == subject.user_id)


def _scopes(subject: Subject, wanted: list[str] | None) -> list[str] | None:
    """Return the scopes to store: a key made with a key is never wider than that one."""
    if wanted is None:
        return sorted(subject.anywhere) if subject.api_key else None
    beyond = sorted(set(wanted) - subject.anywhere)
    if beyond:
        raise ScopeTooWide(beyond)
    return sorted(set(wanted))


async def _expiry(work: Work, wanted: datetime | None) -> datetime | None:
    """Return when a key ends at the latest: no later than the one it is made with."""
    parent = await holding.hold(work)
    if parent is None:
        return wanted
    if wanted and parent.expires_at and wanted > parent.expires_at:
        raise ExpiryTooLate
    return wanted or parent.expires_at
