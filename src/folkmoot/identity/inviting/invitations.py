"""Invitations into an organisation: made, listed, withdrawn, looked at and accepted.

An invitation gives no more than whoever made it could give at that moment and can still give when
it is accepted. One that is used up, expired, withdrawn or worth nothing any more is answered like
one that never was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Select, delete, or_, select

from folkmoot.audit import trail
from folkmoot.db.keyset import Listing, containing
from folkmoot.db.work import PersonalWork, Work
from folkmoot.http.access import TeamNotFound, demand
from folkmoot.identity.callers import credentials, holding
from folkmoot.identity.callers.standing import acts, there
from folkmoot.identity.errors import (
    AlreadyMember,
    InvitationForAnother,
    InvitationNotFound,
    OrganizationNotFound,
)
from folkmoot.identity.inviting.invitation_tokens import InvitationTokens, Named
from folkmoot.identity.models import (
    ApiKey,
    Invitation,
    InvitationTeam,
    Membership,
    Organization,
    Team,
    TeamMembership,
    User,
)
from folkmoot.identity.organizations import members, organizations, team_members
from folkmoot.identity.organizations.tenancy import (
    InvitationCreate,
    InvitationPreview,
    InvitationRead,
    InvitedTeam,
)
from folkmoot.identity.people import accounts
from folkmoot.identity.permissions import PERMISSIONS, OrgRole
from folkmoot.identity.schemas import (
    OrganizationRead,
)
from folkmoot.kit import clock
from folkmoot.kit.ids import InvitationId, OrgId, UserId, new_id
from folkmoot.kit.page import Asked, Page
from folkmoot.mail import letters
from folkmoot.mail.envelopes import Envelopes
from folkmoot.mail.letters import Letter

LISTING: Final = Listing(
    "invitations",
    Invitation.id,
    {"created_at": Invitation.id, "expires_at": Invitation.expires_at},
)
NOBODY: Final = UserId(UUID(int=0))

LETTER: Final = """\
{inviter} invites you to {organization}.

Accept with this link:
{link}

It can be used once, until {until:%d %B %Y}. If you did not expect this, do nothing.
"""


@dataclass(frozen=True, slots=True)
class Made:
    """A new invitation, and the secret with which it is accepted."""

    invitation: InvitationRead
    token: str
    link: str


class Invitations:
    """Makes invitations and finds those that tokens are for.

    Args:
        secret_key: The deployment's secret key.
        public_url: Where people reach this deployment.
    """

    def __init__(self, secret_key: str, public_url: str) -> None:
        self._tokens = InvitationTokens(secret_key)
        self._public_url = public_url.rstrip("/")
        self._envelopes = Envelopes(secret_key)

    async def create(self, work: Work, data: InvitationCreate) -> Made:
        """Invite somebody; if their address is known, a letter tells them.

        Raises:
            RoleTooHigh: The subject could not give this role.
            PermissionDenied: Its API key lets nobody into teams.
            TeamNotFound: There is no such team in the organisation.
            NotSignedIn: The session or the key of the subject has just been revoked.
        """
        members.demand_within(work.subject, await members.hold(work, members.WRITE), data.role)
        if data.teams:
            demand(work.subject, team_members.MANAGE)
        await _demand_teams(work, data.teams)
        await holding.hold(work)
        named = Named(work.subject.org_id, InvitationId(new_id()))
        token = self._tokens.issue(named)
        invitation = await _store(work, named, data, credentials.digest(token))
        # Not to whom: the trail could not be made to forget an address that has no account.
        after = {"role": data.role}
        await trail.record(
            work, "invitation.created", target=("invitation", invitation.id), after=after
        )
        # After the hash: what follows it is not sent to any server, nor kept in its logs.
        link = f"{self._public_url}/invitation#{token}"
        if data.email is not None:
            letter = await _letter(work, invitation, data.email, link)
            await letters.post(work, self._envelopes, letter)
        return Made(invitation, token, link)

    def read(self, token: str) -> Named:
        """Return which invitation a token is for.

        Raises:
            InvitationNotFound: It is not one of ours.
        """
        named = self._tokens.read(token)
        if named is None:
            raise InvitationNotFound
        return named


async def browse(
    work: Work, asked: Asked, *, words: str | None = None, role: OrgRole | None = None
) -> Page[InvitationRead]:
    """Return a page of the invitations that can still be accepted."""
    statement = _open(work)
    if words is not None:
        statement = statement.where(containing(words, Invitation.email))
    if role is not None:
        statement = statement.where(Invitation.role == role)
    found = await LISTING.slice(work, statement, asked)
    teams = await _teams(work, [invitation.id for invitation in found.rows])
    return found.page([_read(each, teams.get(each.id, ())) for each in found.rows])


async def withdraw(work: Work, invitation_id: InvitationId) -> None:
    """Let an invitation count no more.

    Raises:
        InvitationNotFound: There is none that did.
    """
    open_ = _open(work).where(Invitation.id == invitation_id).with_for_update()
    invitation = (await work.session.scalars(open_)).one_or_none()
    if invitation is None:
        raise InvitationNotFound
    await work.session.delete(invitation)
    before = {"role": invitation.role}
    target = ("invitation", invitation_id)
    await trail.record(work, "invitation.withdrawn", target=target, before=before)


async def withdraw_own(work: PersonalWork, place: OrgId) -> None:
    """Let none count that the person has made in the organisation that the work has entered."""
    await work.session.execute(
        delete(Invitation)
        .where(Invitation.org_id == place, Invitation.invited_by == work.user_id)
        .where(Invitation.accepted_at.is_(None))
    )


async def preview(work: Work, named: Named, token: str) -> InvitationPreview:
    """Return what a token's invitation is for.

    Raises:
        InvitationNotFound: It can not be accepted.
    """
    invitation, inviter = await _find(work, named, token)
    statement = (
        select(Organization)
        .where(Organization.id == named.org_id)
        .where(Organization.deleted_at.is_(None), Organization.suspended_at.is_(None))
    )
    organization = (await work.session.scalars(statement)).one_or_none()
    if organization is None:
        raise InvitationNotFound
    return InvitationPreview(
        organization_name=organization.name,
        role=OrgRole(invitation.role),
        email=invitation.email,
        invited_by=inviter.name,
        expires_at=invitation.expires_at,
    )


async def accept(work: Work, named: Named, token: str) -> OrganizationRead:
    """Make the subject a member of the organisation that it acts in by an invitation alone.

    Raises:
        InvitationNotFound: It can not be accepted any more, or not at all.
        InvitationForAnother: It is for somebody with another address.
        AlreadyMember: They are one; the invitation stays.
    """
    try:
        await members.lock(work)
    except OrganizationNotFound:
        raise InvitationNotFound from None
    invitation, _ = await _find(work, named, token)
    user_id = work.subject.user_id
    await _demand_address(work, invitation)
    key = {"org_id": named.org_id, "user_id": user_id}
    if await work.session.get(Membership, key) is not None:
        raise AlreadyMember
    invitation.accepted_at = clock.now()
    role = OrgRole(invitation.role)
    work.session.add(Membership(org_id=named.org_id, user_id=user_id, role=role))
    await work.session.flush()
    await _enter_teams(work, invitation)
    target = ("invitation", invitation.id)
    await trail.record(work, "invitation.accepted", target=target, after={"role": role})
    return await organizations.get(work)


async def _store(work: Work, named: Named, data: InvitationCreate, digest: bytes) -> InvitationRead:
    invitation = Invitation(
        org_id=named.org_id,
        id=named.invitation_id,
        email=data.email,
        email_normalized=accounts.normalized(data.email) if data.email else None,
        role=data.role,
        hash=digest,
        invited_by=work.subject.user_id,
        key_id=work.subject.key_id,
        expires_at=await _end(work, clock.now() + timedelta(days=data.expires_in_days)),
    )
    work.session.add(invitation)
    await work.session.flush()
    work.session.add_all(
        InvitationTeam(
            org_id=named.org_id, invitation_id=invitation.id, team_id=team.team_id, role=team.role
        )
        for team in data.teams
    )
    await work.session.flush()
    return _read(invitation, data.teams)


async def _end(work: Work, wanted: datetime) -> datetime:
    """Return when an invitation ends: no later than the place of whoever makes it."""
    key = {"org_id": work.subject.org_id, "user_id": work.subject.user_id}
    member = await work.session.get(Membership, key)
    return min(wanted, member.ends_at) if member and member.ends_at else wanted


def _open(work: Work) -> Select[Invitation]:
    """Select the invitations of the organisation that can still be accepted.

    They have been neither used nor expired, nor has the key that one was made with.
    """
    now = clock.now()
    key = (
        select(ApiKey.id)
        .where(ApiKey.org_id == Invitation.org_id, ApiKey.id == Invitation.key_id)
        .where(ApiKey.revoked_at.is_(None))
        .where(or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now))
    )
    return select(Invitation).where(
        Invitation.org_id == work.subject.org_id,
        Invitation.accepted_at.is_(None),
        Invitation.expires_at > now,
        or_(Invitation.key_id.is_(None), key.exists()),
    )


async def _find(work: Work, named: Named, token: str) -> tuple[Invitation, User]:
    """Return a token's invitation, held, and who has made it, if they could still make it."""
    statement = (
        _open(work)
        .add_columns(Membership.role, User)
        .join(
            Membership,
            (Membership.org_id == Invitation.org_id)
            & (Membership.user_id == Invitation.invited_by),
        )
        .join(User, User.id == Invitation.invited_by)
        .where(Invitation.id == named.invitation_id, acts(), there())
        .where(Invitation.hash == credentials.digest(token))
        .with_for_update(of=Invitation)
    )
    found = (await work.session.execute(statement)).one_or_none()
    if found is None:
        raise InvitationNotFound
    invitation, limit, inviter = found
    limit = OrgRole(limit)
    if members.WRITE not in PERMISSIONS[limit] or not OrgRole(invitation.role).within(limit):
        raise InvitationNotFound
    return invitation, inviter


async def _demand_address(work: Work, invitation: Invitation) -> None:
    """Fail if the invitation is for somebody with another address than the subject's."""
    own = select(User.email_normalized).where(User.id == work.subject.user_id)
    address = invitation.email_normalized
    if address is not None and address != await work.session.scalar(own):
        raise InvitationForAnother


async def _demand_teams(work: Work, teams: Sequence[InvitedTeam]) -> None:
    wanted = {team.team_id for team in teams}
    statement = select(Team.id).where(
        Team.org_id == work.subject.org_id, Team.id.in_(wanted), Team.deleted_at.is_(None)
    )
    if wanted and set((await work.session.scalars(statement)).all()) != wanted:
        raise TeamNotFound


async def _enter_teams(work: Work, invitation: Invitation) -> None:
    """Let the subject into those of the invitation's teams that are still there."""
    statement = (
        select(InvitationTeam)
        .join(Team, (Team.org_id == InvitationTeam.org_id) & (Team.id == InvitationTeam.team_id))
        .where(InvitationTeam.org_id == invitation.org_id, Team.deleted_at.is_(None))
        .where(InvitationTeam.invitation_id == invitation.id)
    )
    work.session.add_all(
        TeamMembership(
            org_id=invitation.org_id,
            team_id=team.team_id,
            user_id=work.subject.user_id,
            role=team.role,
        )
        for team in (await work.session.scalars(statement)).all()
    )
    await work.session.flush()


async def _teams(
    work: Work, invitation_ids: Sequence[InvitationId]
) -> Mapping[InvitationId, Sequence[InvitedTeam]]:
    statement = select(InvitationTeam).where(
        InvitationTeam.org_id == work.subject.org_id,
        InvitationTeam.invitation_id.in_(invitation_ids),
    )
    found: dict[InvitationId, list[InvitedTeam]] = {}
    for row in (await work.session.scalars(statement)).all():
        team = InvitedTeam(team_id=row.team_id, role=row.role)
        found.setdefault(row.invitation_id, []).append(team)
    return found


async def _letter(work: Work, invitation: InvitationRead, email: str, link: str) -> Letter:
    organization = await organizations.get(work)
    own = select(User.name).where(User.id == work.subject.user_id)
    text = LETTER.format(
        inviter=await work.session.scalar(own),
        organization=organization.name,
        link=link,
        until=invitation.expires_at,
    )
    return Letter(email, f"Invitation to {organization.name}", text)


def _read(invitation: Invitation, teams: Sequence[InvitedTeam]) -> InvitationRead:
    return InvitationRead(
        id=invitation.id,
        email=invitation.email,
        role=OrgRole(invitation.role),
        teams=list(teams),
        invited_by=invitation.invited_by,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
    )
