"""What identity keeps of a person: their account, their places, and how they get in."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import case, delete, select, text, update

from folkmoot.db import extract
from folkmoot.db.work import Database, PersonalWork
from folkmoot.identity.models import (
    ApiKey,
    ExternalIdentity,
    Invitation,
    Membership,
    Organization,
    PasswordReset,
    PlatformAdmin,
    Session,
    SignInLink,
    TeamMembership,
    User,
)
from folkmoot.identity.people import accounts
from folkmoot.kit.ids import InvitationId, OrgId, UserId
from folkmoot.kit.personal import File, Person
from folkmoot.kit.subject import Subject

ACCOUNT: Final = select(User.id, User.email, User.name, User.created_at, User.updated_at)
SESSIONS: Final = select(
    Session.id,
    Session.user_agent,
    Session.address,
    Session.created_at,
    Session.last_used_at,
    Session.expires_at,
    Session.revoked_at,
)
OUTSIDE: Final = select(
    ExternalIdentity.issuer, ExternalIdentity.subject, ExternalIdentity.created_at
)
OPERATES: Final = select(PlatformAdmin.user_id, PlatformAdmin.since)
PLACE: Final = select(
    Membership.org_id, Organization.name, Membership.role, Membership.created_at
).join(Organization, Organization.id == Membership.org_id)
TEAMS: Final = select(TeamMembership.team_id, TeamMembership.role, TeamMembership.created_at)
KEYS: Final = select(
    ApiKey.id,
    ApiKey.name,
    ApiKey.prefix,
    ApiKey.scopes,
    ApiKey.created_at,
    ApiKey.expires_at,
    ApiKey.revoked_at,
    ApiKey.last_used_at,
)
# Not to whom: that is somebody else's address.
MADE: Final = select(Invitation.id, Invitation.role, Invitation.created_at, Invitation.accepted_at)

NO_ADDRESS: Final = case((User.service_of.is_(None), ""), else_=None)
INVITED: Final = text("SELECT org_id, invitation_id FROM identity_invited(:address)")
LETTING_IN: Final = (Session, SignInLink, PasswordReset, ExternalIdentity)
"""The tables of what lets somebody in, outside any organisation."""


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """A person's account and places. Of the account an id stays, for what refers to it."""

    database: Database
    tables: frozenset[str] = frozenset(
        {
            *("users", "sessions", "sign_in_links", "password_resets", "external_identities"),
            *("memberships", "team_memberships", "api_keys", "invitations", "platform_admins"),
        }
    )

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield the account, and in each organisation what the person is and has made there."""
        user_id = person.user_id
        own = partial(self.database.personal_work, user_id)
        yield File(
            "account.jsonl", extract.lines(own, ACCOUNT.where(User.id == user_id), [User.id])
        )
        mine = SESSIONS.where(Session.user_id == user_id)
        yield File("sessions.jsonl", extract.lines(own, mine, [Session.id]))
        outside = OUTSIDE.where(ExternalIdentity.user_id == user_id)
        named = [ExternalIdentity.issuer, ExternalIdentity.subject]
        yield File("external_identities.jsonl", extract.lines(own, outside, named))
        operates = OPERATES.where(PlatformAdmin.user_id == user_id)
        since = extract.lines(own, operates, [PlatformAdmin.user_id])
        yield File("platform_admin.jsonl", since)
        for org_id in person.places:
            async for file in self._of_a_place(org_id, user_id):
                yield file

    async def _of_a_place(self, org_id: OrgId, user_id: UserId) -> AsyncGenerator[File]:
        here = partial(self.database.work, Subject(org_id, user_id))
        into = f"organizations/{org_id}"
        place = PLACE.where(Membership.org_id == org_id, Membership.user_id == user_id)
        yield File(f"{into}/membership.jsonl", extract.lines(here, place, [Membership.org_id]))
        teams = TEAMS.where(TeamMembership.org_id == org_id, TeamMembership.user_id == user_id)
        yield File(f"{into}/teams.jsonl", extract.lines(here, teams, [TeamMembership.team_id]))
        keys = KEYS.where(ApiKey.org_id == org_id, ApiKey.user_id == user_id)
        yield File(f"{into}/api_keys.jsonl", extract.lines(here, keys, [ApiKey.id]))
        made = MADE.where(Invitation.org_id == org_id, Invitation.invited_by == user_id)
        yield File(f"{into}/invitations.jsonl", extract.lines(here, made, [Invitation.id]))

    async def erase(self, person: Person) -> None:
        """Delete the rest of it; who only leaves a place has lost it there by leaving."""
        if person.email is None:
            return
        await self._leave(person)
        await self._forget_invitations(person, person.email)
        async with self.database.personal_work(person.user_id) as work:
            await let_in_no_more(work)
            await work.session.execute(
                update(User)
                .where(User.id == person.user_id, User.deleted_at.is_not(None))
                .values(email=NO_ADDRESS, name="")
            )

    async def _leave(self, person: Person) -> None:
        """Leave places that were found while everybody was still being told."""
        for org_id in person.places:
            async with self.database.work(Subject(org_id, person.user_id)) as work:
                await work.session.execute(
                    delete(Membership).where(
                        Membership.org_id == org_id, Membership.user_id == person.user_id
                    )
                )

    async def _forget_invitations(self, person: Person, email: str) -> None:
        """Delete the invitations that the person had got, in whatever organisation."""
        address = {"address": accounts.normalized(email)}
        async with self.database.personal_work(person.user_id) as work:
            found = (await work.session.execute(INVITED, address)).all()
        for org_id, invitation_id in found:
            async with self.database.work(Subject(OrgId(org_id), person.user_id)) as work:
                await work.session.execute(
                    delete(Invitation).where(
                        Invitation.org_id == org_id,
                        Invitation.id == InvitationId(invitation_id),
                    )
                )


async def let_in_no_more(work: PersonalWork) -> None:
    """Delete all that lets the person in without an organisation."""
    for table in LETTING_IN:
        await work.session.execute(delete(table).where(table.user_id == work.user_id))
