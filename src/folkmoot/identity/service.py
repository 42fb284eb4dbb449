"""Everything people do to get in, stay in and leave, as the rest of the application holds it."""

from folkmoot.identity.options import IdentityOptions
from folkmoot.identity.organizations import organizations
from folkmoot.identity.programs import api_keys
from folkmoot.identity.schemas import OrganizationRead
from folkmoot.identity.verbs.entering import Entering
from folkmoot.identity.verbs.foundation import Client, Grant
from folkmoot.identity.verbs.joining import Joining
from folkmoot.identity.verbs.outside import EnteringFromOutside
from folkmoot.identity.verbs.parting import Parting
from folkmoot.identity.verbs.password_changes import PasswordChanges
from folkmoot.identity.verbs.staying import Staying
from folkmoot.kit import clock
from folkmoot.kit.ids import ApiKeyId, OrgId, UserId
from folkmoot.kit.subject import Subject

__all__ = ["Client", "Grant", "Identity", "IdentityOptions"]


class Identity(Joining, Entering, EnteringFromOutside, PasswordChanges, Staying, Parting):
    """The identity slice; each part is a file of its own."""

    async def restore_organization(self, user_id: UserId, org_id: OrgId) -> OrganizationRead:
        """Bring back an organisation that one of its owners has deleted.

        Raises:
            OrganizationNotFound: The user owns none with this id, or it was deleted too long ago.
        """
        deleted_after = clock.now() - self.options.kept
        async with self.changing(Subject(org_id, user_id)) as work:
            return await organizations.restore(work, deleted_after=deleted_after)

    async def revoke_key(self, subject: Subject, key_id: ApiKeyId) -> None:
        """Make an API key count no more: here at once, in other processes a moment later.

        Raises:
            ApiKeyNotFound: The subject can not see it, or it has been revoked.
        """
        async with self.database.work(subject) as work:
            await api_keys.revoke(work, key_id)
        self.authenticator.forget(subject.org_id)
