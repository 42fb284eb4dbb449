"""The secrets of a webhook as its row keeps them: both in one envelope of the deployment's."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast
from uuid import UUID

import msgspec
from sqlalchemy import select

from folkmoot.db.work import Database
from folkmoot.kit.ids import OrgId, WebhookId
from folkmoot.kit.subject import deployment
from folkmoot.settings.errors import SecretUnreadable
from folkmoot.settings.resolver import Level
from folkmoot.settings.rewrapping import Rewrapped
from folkmoot.settings.stores.sealing import Sealer
from folkmoot.settings.stores.store import Address, Sealed
from folkmoot.webhooks.models import Webhook

OTHERWISE: Final = "SELECT org_id, webhook_id FROM webhooks_wrapped_otherwise(%s, %s)"
BEGINNING: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Pair:
    """The secret of now, and the one before it."""

    current: str = field(repr=False)
    previous: str | None = field(default=None, repr=False)

    def counting(self, previous_until: datetime | None, now: datetime) -> list[str]:
        """Return the secrets that count at a moment, the one of now first."""
        if self.previous is None or previous_until is None or previous_until <= now:
            return [self.current]
        return [self.current, self.previous]


def put(sealer: Sealer, org_id: OrgId, webhook_id: WebhookId, pair: Pair) -> Sealed:
    """Seal secrets for their webhook."""
    return sealer.seal(_address(org_id, webhook_id), msgspec.json.encode(pair).decode())


def take(sealer: Sealer, hook: Webhook) -> Pair:
    """Return the secrets of a webhook.

    Raises:
        SecretUnreadable: They were sealed with a key that is gone.
    """
    text = sealer.open(_address(hook.org_id, hook.id), _sealed(hook))
    return msgspec.json.decode(text, type=Pair)


def store(hook: Webhook, sealed: Sealed) -> None:
    """Put what is sealed into the row."""
    hook.sealed, hook.wrapped_key, hook.key_id = sealed.sealed, sealed.wrapped_key, sealed.key_id


async def rewrap_all(database: Database, sealer: Sealer) -> Rewrapped:
    """Lock the secrets of every webhook with the sealer's key of now."""
    done = unreadable = 0
    after = BEGINNING
    while rows := await _otherwise(database, sealer.current, after):
        for org_id, webhook_id in rows:
            after = webhook_id
            try:
                done += await _rewrap(database, sealer, org_id, webhook_id)
            except SecretUnreadable:
                unreadable += 1
    return Rewrapped(done, unreadable)


async def _otherwise(
    database: Database, current: str, after: UUID
) -> list[tuple[OrgId, WebhookId]]:
    async with database.unscoped() as connection:
        cursor = await connection.execute(OTHERWISE, (current, after))
        return cast(list[tuple[OrgId, WebhookId]], await cursor.fetchall())


async def _rewrap(database: Database, sealer: Sealer, org_id: OrgId, webhook_id: WebhookId) -> bool:
    wanted = select(Webhook).where(Webhook.org_id == org_id, Webhook.id == webhook_id)
    async with database.work(deployment(org_id)) as work:
        hook = (await work.session.scalars(wanted.with_for_update())).one_or_none()
        if hook is None or hook.key_id == sealer.current:
            return False
        store(hook, sealer.rewrap(_address(org_id, webhook_id), _sealed(hook)))
        return True


def _address(org_id: OrgId, webhook_id: WebhookId) -> Address:
    return Address(org_id, Level.ORGANIZATION, webhook_id, "webhook")


def _sealed(hook: Webhook) -> Sealed:
    return Sealed(hook.sealed, hook.wrapped_key, hook.key_id)
