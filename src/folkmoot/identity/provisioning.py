"""The first start: an organisation, its owner and, if one is given, a key that acts for them.

May run at every start and in several processes at once: it adds what is missing and changes
nothing that is there.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy import text

from folkmoot.db.work import Database
from folkmoot.identity.callers import callers, credentials
from folkmoot.identity.errors import EmailTaken, InitKeyTooShort, OrganizationNotFound
from folkmoot.identity.people import accounts
from folkmoot.identity.people.accounts import NewAccount
from folkmoot.identity.programs import api_keys
from folkmoot.identity.service import Identity
from folkmoot.kit.subject import Subject

KEY_NAME: Final = "from the configuration"
SHORTEST_KEY: Final = 32

KEY_OWNER: Final = text("SELECT user_id FROM identity_find_key(:hash)")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStart:
    """What a deployment begins with; without any configuration it is a demonstration.

    Attributes:
        organization: The organisation's name.
        admin_email: Its owner; without a password they come in by a sign-in link.
        admin_password: Set if the owner has none yet.
        api_key: A string of 32 or more characters that acts for the owner.
    """

    organization: str = "Demo"
    admin_email: str = "admin@localhost"
    admin_password: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)


async def provision(identity: Identity, start: FirstStart) -> Subject | None:
    """Make sure of the organisation, its owner and the key.

    Returns:
        The owner; None if they have since been deleted or have left every organisation.

    Raises:
        InitKeyTooShort: The key could be guessed.
    """
    key = start.api_key.strip() if start.api_key else None
    if key is not None and len(key) < SHORTEST_KEY:
        raise InitKeyTooShort(SHORTEST_KEY)
    await _owner(identity, start)
    subject = await _subject(identity.database, start.admin_email)
    if subject is None:
        log.warning("provisioning.owner_gone")
    elif key is not None:
        await _admit(identity.database, subject, key)
    return subject


async def _subject(database: Database, email: str) -> Subject | None:
    user = await accounts.find(database, email)
    if user is not None:
        with suppress(OrganizationNotFound):
            return await callers.by_user(database, user.id)
    return None


async def _owner(identity: Identity, start: FirstStart) -> None:
    """Create the account, or give it the password it lacks."""
    user = await accounts.find(identity.database, start.admin_email)
    if user is not None and (user.password_hash or not start.admin_password):
        return
    hashed = None
    if start.admin_password:
        hashed = await identity.passwords.hash(start.admin_password)
    if user is not None:
        await accounts.set_password(identity.database, user.id, hashed)
        return
    account = NewAccount(
        email=start.admin_email,
        name=start.admin_email.partition("@")[0],
        organization_name=start.organization,
        password_hash=hashed,
    )
    with suppress(EmailTaken):  # another process was faster, or the account has been deleted
        await accounts.create(identity.database, account)


async def _admit(database: Database, subject: Subject, key: str) -> None:
    async with database.work(subject) as work:
        await api_keys.admit(work, key, KEY_NAME)
    async with database.personal_work() as work:
        found = await work.session.execute(KEY_OWNER, {"hash": credentials.digest(key)})
    if found.scalar_one() != subject.user_id:
        log.warning("provisioning.key_acts_for_somebody_else")
