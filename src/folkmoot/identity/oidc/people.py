"""From what an issuer says of somebody to their account here, and their place."""

import hashlib
from contextlib import suppress
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from folkmoot.audit import trail
from folkmoot.db.work import Database, Work
from folkmoot.identity.callers.standing import acts
from folkmoot.identity.errors import EmailTaken, NotSignedIn
from folkmoot.identity.models import ExternalIdentity, Membership, Organization, User
from folkmoot.identity.oidc.issuer import Claims
from folkmoot.identity.organizations import members, organizations
from folkmoot.identity.people import accounts
from folkmoot.identity.permissions import OrgRole, granted
from folkmoot.identity.sign_in import eviction
from folkmoot.kit.ids import OrgId, UserId, new_id
from folkmoot.kit.subject import Subject

GIVEN: Final = {"admin": OrgRole.ADMIN, "member": OrgRole.MEMBER}
"""Roles that an issuer may give; an organisation's owners are its own affair."""

NAME: Final = 120
NOBODY: Final = UserId(UUID(int=0))

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def admit(database: Database, claims: Claims) -> tuple[UserId, OrgId | None]:
    """Return whose token it is, and the organisation it is for if it names one.

    Raises:
        NotSignedIn: They have no account and get none, or are of no organisation here.
    """
    organization = _organization(claims)
    user_id = await find(database, claims)
    if organization is not None:
        await _demand_there(database, organization)
    if user_id is None:
        user_id = await _link(database, claims) or await _create(database, claims, organization)
    if organization is not None:
        with suppress(IntegrityError):  # another request of theirs was faster
            await _place(database, user_id, organization, claims)
    return user_id, organization


async def find(database: Database, claims: Claims) -> UserId | None:
    """Return whom the issuer means, if it is known."""
    found = select(func.identity_find_external(claims.issuer.url, claims.subject))
    async with database.personal_work() as work:
        user_id = (await work.session.execute(found)).scalar_one()
    return UserId(user_id) if user_id else None


async def _link(database: Database, claims: Claims) -> UserId | None:
    """Give the account of a verified address to whom the issuer means; None if there is none.

    Nobody here has ever verified that address: whoever got in by its password, a link or a key so
    far may be somebody else, and is out. An address that is only written alike is another's.
    """
    if not claims.issuer.link_by_email or claims.email is None:
        return None
    user_id = await accounts.find_id(database, claims.email)
    if user_id is None:
        return None
    try:
        await _hand_over(database, claims, user_id, claims.email)
    except IntegrityError:  # another request of theirs was faster
        return await find(database, claims)
    return user_id


async def _hand_over(database: Database, claims: Claims, user_id: UserId, email: str) -> None:
    async with database.personal_work(user_id) as work:
        gone = update(User).where(User.id == user_id, acts())
        kept = await work.session.execute(gone.values(password_hash=None).returning(User.email))
        address = kept.scalar_one_or_none()
        if address is None or not _is_same(address, email):
            raise NotSignedIn
        work.session.add(_identity(claims, user_id))
        await eviction.evict(work)
        await trail.record_personal(
            work, "identity.linked", target=("user", user_id), after={"issuer": claims.issuer.url}
        )


async def _create(database: Database, claims: Claims, organization: OrgId | None) -> UserId:
    if not claims.issuer.creates_accounts:
        raise NotSignedIn
    user_id = UserId(new_id())
    subject = Subject(organization or OrgId(new_id()), user_id, granted(OrgRole.OWNER))
    email = claims.email or _nowhere(claims)
    name = (claims.name or email.partition("@")[0])[:NAME]
    try:
        async with database.work(subject) as work:
            account = accounts.NewAccount(email=email, name=name, organization_name=name)
            await accounts.insert(work, account)
            if organization is None:
                await organizations.found(work, name)
            work.session.add(_identity(claims, user_id))
            await work.session.flush()
    except (IntegrityError, EmailTaken) as error:
        already = await find(database, claims)  # another request of theirs was faster
        if already is not None:
            return already
        log.warning("oidc.address_taken", issuer=claims.issuer.url)
        raise NotSignedIn from error
    return user_id


async def _place(database: Database, user_id: UserId, organization: OrgId, claims: Claims) -> None:
    """Make somebody a member of the organisation that the issuer names, in the role it names."""
    role = GIVEN.get((claims.role or "").lower())
    subject = Subject(organization, user_id)
    async with database.work(subject) as work:
        if _stays(await _member(work), role):
            return
        # Somebody may be making them an owner right now: whoever changes roles holds this.
        await members.lock(work)
        member = await _member(work)
        if _stays(member, role):
            return
        given = role or OrgRole.MEMBER
        before = {"role": str(member.role)} if member else None
        if member is None:
            work.session.add(Membership(org_id=organization, user_id=user_id, role=given))
        else:
            member.role = given
        await work.session.flush()
        action = "member.role_changed" if before else "member.joined"
        await trail.record(
            work, action, target=("user", user_id), before=before, after={"role": str(given)}
        )


async def _member(work: Work) -> Membership | None:
    mine = select(Membership).where(
        Membership.org_id == work.subject.org_id, Membership.user_id == work.subject.user_id
    )
    newest = mine.execution_options(populate_existing=True)
    return (await work.session.scalars(newest)).one_or_none()


def _stays(member: Membership | None, role: OrgRole | None) -> bool:
    """Whether somebody is already what the issuer says, or more than it may say."""
    return member is not None and (role in {None, member.role} or member.role == OrgRole.OWNER)


async def _demand_there(database: Database, organization: OrgId) -> None:
    there = select(Organization.id).where(
        Organization.id == organization,
        Organization.deleted_at.is_(None),
        Organization.suspended_at.is_(None),
    )
    async with database.work(Subject(organization, NOBODY)) as work:
        if await work.session.scalar(there) is None:
            raise NotSignedIn


def _organization(claims: Claims) -> OrgId | None:
    """Return the organisation that a token is for; None where issuers name none."""
    if claims.issuer.tenant_claim is None:
        return None
    tenant, tenants = claims.tenant or "", claims.issuer.tenants
    named = tenants.get(tenant, "") if tenants else tenant
    try:
        return OrgId(UUID(named))
    except ValueError:
        raise NotSignedIn from None


def _is_same(one: str, other: str) -> bool:
    """Whether two addresses are one mailbox: case makes no difference, other letters do."""
    return one == other or (one.isascii() and other.isascii() and one.lower() == other.lower())


def _identity(claims: Claims, user_id: UserId) -> ExternalIdentity:
    return ExternalIdentity(issuer=claims.issuer.url, subject=claims.subject, user_id=user_id)


def _nowhere(claims: Claims) -> str:
    """Return an address that is nobody's, for somebody who has none that was verified."""
    named = hashlib.sha256(f"{claims.issuer.url} {claims.subject}".encode()).hexdigest()
    return f"{named[:24]}@{claims.issuer.name.lower()}.invalid"
