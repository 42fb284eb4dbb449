"""Coming into an organisation: a new one, or one that somebody was invited into."""

from folkmoot.db.work import Database
from folkmoot.identity.errors import RegistrationClosed
from folkmoot.identity.inviting import invitations
from folkmoot.identity.inviting.invitations import Invitations
from folkmoot.identity.options import IdentityOptions
from folkmoot.identity.organizations.tenancy import InvitationPreview
from folkmoot.identity.people import accounts
from folkmoot.identity.people.accounts import NewAccount
from folkmoot.identity.schemas import OrganizationRead, Registered, Registration
from folkmoot.identity.verbs.foundation import Foundation
from folkmoot.kit.ids import UserId, new_id
from folkmoot.kit.subject import Subject


class Joining(Foundation):
    """Makes accounts, and members by invitation."""

    def __init__(self, database: Database, options: IdentityOptions) -> None:
        super().__init__(database, options)
        self.invitations = Invitations(options.secret_key, options.public_url)

    async def register(self, data: Registration) -> Registered:
        """Create an account and an organisation for it, or let it into one by an invitation.

        Raises:
            RegistrationClosed: Nobody may register here.
            EmailTaken: The address has an account.
            InvitationNotFound, InvitationForAnother: They cannot come in by this invitation.
        """
        if not (self.options.registration_open or data.invitation_token):
            raise RegistrationClosed
        accounts.demand_other_than(data.email, data.password.get_secret_value())
        account = NewAccount(
            email=data.email,
            name=data.name,
            organization_name=data.organization_name or data.name,
            password_hash=await self.passwords.hash(data.password.get_secret_value()),
        )
        if data.invitation_token is None:
            subject = await accounts.create(self.database, account)
        else:
            subject = await self._join(account, data.invitation_token.get_secret_value())
        return Registered(
            id=subject.user_id,
            email=data.email,
            name=data.name,
            organization_id=subject.org_id,
        )

    async def _join(self, account: NewAccount, token: str) -> Subject:
        """Create an account that has a place by an invitation, or nothing."""
        named = self.invitations.read(token)
        subject = Subject(named.org_id, UserId(new_id()))
        async with self.database.work(subject) as work:
            await accounts.insert(work, account)
            await invitations.accept(work, named, token)
        return subject

    async def preview_invitation(self, token: str) -> InvitationPreview:
        """Return what an invitation is for, to whoever has its token.

        Raises:
            InvitationNotFound: It cannot be accepted.
        """
        named = self.invitations.read(token)
        async with self.database.work(Subject(named.org_id, invitations.NOBODY)) as work:
            return await invitations.preview(work, named, token)

    async def accept_invitation(self, user_id: UserId, token: str) -> OrganizationRead:
        """Make a user a member of the organisation that an invitation is for.

        Raises:
            InvitationNotFound, InvitationForAnother, AlreadyMember: It is not for them.
        """
        named = self.invitations.read(token)
        async with self.changing(Subject(named.org_id, user_id)) as work:
            return await invitations.accept(work, named, token)
