"""The addresses of an organisation: made, shown, changed and removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select

from folkmoot.audit import trail
from folkmoot.db.keyset import Listing, Slice, containing
from folkmoot.db.work import Work
from folkmoot.http.etags import Expected, anything
from folkmoot.identity.organizations import members
from folkmoot.kit import clock
from folkmoot.kit.ids import WebhookId, new_id
from folkmoot.kit.outbound.client import Outbound
from folkmoot.kit.page import Asked
from folkmoot.settings.stores.sealing import Sealer
from folkmoot.webhooks import sealing, signing, types
from folkmoot.webhooks.errors import (
    TooManyWebhooks,
    WebhookEventsUnknown,
    WebhookNotFound,
    WebhookOpen,
)
from folkmoot.webhooks.models import Ended, Webhook
from folkmoot.webhooks.schemas import WebhookCreate, WebhookRead, WebhookUpdate
from folkmoot.webhooks.sealing import Pair

MOST: Final = 20
"""Webhooks of one organisation."""
LISTING: Final = Listing(
    "webhooks",
    Webhook.id,
    {"created_at": Webhook.id, "updated_at": Webhook.updated_at, "url": Webhook.url},
)


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Makes and changes webhooks."""

    outbound: Outbound
    sealer: Sealer

    async def create(self, work: Work, data: WebhookCreate) -> tuple[Webhook, str]:
        """Make a webhook; return it with its secret. Nothing is sent yet.

        Raises:
            WebhookOpen, Unreachable: It can be seen that the address will not do.
            WebhookEventsUnknown: A pattern describes nothing.
            TooManyWebhooks: There are enough.
        """
        org_id, id_, secret = work.subject.org_id, WebhookId(new_id()), signing.new_secret()
        self._demand_address(data.url)
        _demand_known(data.events)
        await _demand_room(work)
        sealed = sealing.put(self.sealer, org_id, id_, Pair(secret))
        hook = Webhook(
            org_id=org_id,
            id=id_,
            sealed=sealed.sealed,
            wrapped_key=sealed.wrapped_key,
            key_id=sealed.key_id,
            **data.model_dump(),
        )
        work.session.add(hook)
        await work.session.flush()
        await trail.record(work, "webhook.created", target=_target(hook), after=_told(hook))
        return hook, secret

    async def update(
        self,
        work: Work,
        webhook_id: WebhookId,
        data: WebhookUpdate,
        expected: Expected[WebhookRead] = anything,
    ) -> Webhook:
        """Change what the data names. Switched on again, it begins without a past."""
        hook = await hold(work, webhook_id)
        expected(WebhookRead.model_validate(hook))
        before, named = _told(hook), data.model_dump(exclude_none=True)
        if data.url is not None:
            self._demand_address(data.url)
        _demand_known(data.events or ())
        for name, value in named.items():
            setattr(hook, name, value)
        if data.enabled or data.url is not None:
            hook.ended = hook.failing_since = None
        await work.session.flush()
        if _told(hook) != before:
            told = {"before": before, "after": _told(hook)}
            await trail.record(work, "webhook.updated", target=_target(hook), **told)
        return hook

    async def rotate(
        self, work: Work, webhook_id: WebhookId, overlap: timedelta
    ) -> tuple[Webhook, str]:
        """Give a webhook a new secret; the one before it counts beside it for a while."""
        hook = await hold(work, webhook_id)
        secret, old = signing.new_secret(), sealing.take(self.sealer, hook).current
        pair = Pair(secret, old if overlap else None)
        sealing.store(hook, sealing.put(self.sealer, hook.org_id, hook.id, pair))
        hook.previous_until = clock.now() + overlap if overlap else None
        await work.session.flush()
        after = {"previous_until": hook.previous_until}
        await trail.record(work, "webhook.secret_rotated", target=_target(hook), after=after)
        return hook, secret

    def _demand_address(self, url: str) -> None:
        self.outbound.check(url)
        if not url.lower().startswith("https://") and not self.outbound.rules.is_own(url):
            raise WebhookOpen


async def browse(work: Work, words: str | None, asked: Asked) -> Slice[Webhook]:
    """Return a page of the organisation's webhooks."""
    statement = select(Webhook).where(Webhook.org_id == work.subject.org_id)
    if words is not None:
        statement = statement.where(containing(words, Webhook.url, Webhook.description))
    return await LISTING.slice(work, statement, asked)


async def get(work: Work, webhook_id: WebhookId) -> Webhook:
    """Return a webhook, or fail if the organisation has none of this id."""
    hook = await work.session.get(Webhook, {"org_id": work.subject.org_id, "id": webhook_id})
    if hook is None:
        raise WebhookNotFound
    return hook


async def hold(work: Work, webhook_id: WebhookId) -> Webhook:
    """Do the same and keep everybody else from changing it until this work ends."""
    statement = (
        select(Webhook)
        .where(Webhook.org_id == work.subject.org_id, Webhook.id == webhook_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    hook = (await work.session.scalars(statement)).one_or_none()
    if hook is None:
        raise WebhookNotFound
    return hook


async def remove(
    work: Work, webhook_id: WebhookId, expected: Expected[WebhookRead] = anything
) -> None:
    """Remove a webhook, with everything that was to be sent to it."""
    hook = await hold(work, webhook_id)
    expected(WebhookRead.model_validate(hook))
    await trail.record(work, "webhook.deleted", target=_target(hook), before=_told(hook))
    await work.session.delete(hook)
    await work.session.flush()


async def end(work: Work, hook: Webhook, reason: Ended) -> None:
    """Switch a webhook off that does not take anything any more; the trail tells of it."""
    hook.enabled, hook.ended = False, reason
    after = {"url": hook.url, "reason": reason, "failing_since": hook.failing_since}
    await trail.record(work, "webhook.disabled", target=_target(hook), after=after)


def _demand_known(patterns: Sequence[str]) -> None:
    unknown = types.unmatched(patterns)
    if unknown:
        raise WebhookEventsUnknown(unknown)


async def _demand_room(work: Work) -> None:
    await members.lock(work)  # of two at once one waits, and sees what the other has made
    mine = Webhook.org_id == work.subject.org_id
    if (await work.session.scalar(select(func.count()).where(mine)) or 0) >= MOST:
        raise TooManyWebhooks(MOST)


def _target(hook: Webhook) -> trail.Target:
    return "webhook", hook.id


def _told(hook: Webhook) -> dict[str, object]:
    return {
        "url": hook.url,
        "events": hook.events,
        "description": hook.description,
        "enabled": hook.enabled,
    }
