"""Recording what is done, in the transaction that does it.

Events are appended when the block of a work has come to its end: the head of an organisation's
chain is locked last and held for a moment, however early the event was recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from folkmoot.audit import appending, values
from folkmoot.audit.entry import Entry
from folkmoot.db.work import PersonalWork, Work, do_last
from folkmoot.kit import clock, origin
from folkmoot.kit.ids import ApiKeyId, OrgId, UserId
from folkmoot.kit.subject import NOBODY
from folkmoot.kit.telemetry import context

PENDING: Final = "folkmoot.audit"
Target = tuple[str, object]
Values = Mapping[str, object]

# Memberships are a table of identity, which stands above this room: row-level security shows a
# person their own, and in this order two people's events cannot wait for one another.
# Where somebody is for a while, nobody is told what they do elsewhere.
PLACES: Final = text(
    "SELECT org_id FROM memberships WHERE user_id = :user AND ends_at IS NULL ORDER BY org_id"
)
FORGET: Final = text("SELECT org_id FROM audit_forget()")
ENTER: Final = text("SELECT set_config('app.org', :org, true)")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it; nobody is the deployment itself."""

    user_id: UserId | None
    key_id: ApiKeyId | None = None


async def record(
    work: Work,
    action: str,
    *,
    target: Target | None = None,
    before: Values | None = None,
    after: Values | None = None,
) -> None:
    """Record what the subject does in its organisation.

    Args:
        work: The unit of work that does it: both are kept, or neither.
        action: What has happened, as `thing.happened`: `member.role_changed`.
        target: The kind and the id of what it was done to.
        before: What was changed, as it was. Secrets are taken out.
        after: The same as it is now.
    """
    subject = work.subject
    actor = Actor(None if subject.user_id == NOBODY else subject.user_id, subject.key_id)
    entry = _entry(action, actor, target, before, after)
    entries = _pending(work)
    if not entries:

        async def append() -> None:
            await appending.append(work.session, subject.org_id, entries)

        do_last(work, append)
    entries.append(entry)


async def record_personal(
    work: PersonalWork,
    action: str,
    *,
    target: Target | None = None,
    before: Values | None = None,
    after: Values | None = None,
    by: UserId | None = None,
) -> None:
    """Record what a person does outside an organisation, in each that they are a member of.

    The arguments are those of `record`, and who does it if it is done to them. Nobody's doings are
    nowhere to be recorded.
    """
    if work.user_id is None:
        return
    entries = _pending(work)
    if not entries:
        user_id = work.user_id

        async def append() -> None:
            await _append_everywhere(work, user_id, entries)

        do_last(work, append)
    entries.append(_entry(action, Actor(by or work.user_id), target, before, after))


def record_at(
    work: PersonalWork,
    place: OrgId,
    action: str,
    *,
    target: Target | None = None,
    before: Values | None = None,
) -> None:
    """Record what a person does to one of their organisations from outside, in its trail alone.

    Call it after `record_personal`, which holds the chains of their organisations in their order.
    """
    entry = _entry(action, Actor(work.user_id), target, before, None)

    async def append() -> None:
        await _enter(work, place)
        await appending.append(work.session, place, [entry])
        await _enter(work, "")

    do_last(work, append)


async def forget(work: PersonalWork) -> None:
    """Take out what the trails tell of a person beside that they did something, when and to what.

    That is where they came from, and the values of what was done to them. The chains stay intact.
    """
    await work.session.execute(FORGET)


async def _append_everywhere(work: PersonalWork, user_id: UserId, entries: list[Entry]) -> None:
    places = (await work.session.scalars(PLACES, {"user": user_id})).all()
    for place in places:
        await _enter(work, place)
        await appending.append(work.session, OrgId(place), entries)
    await _enter(work, "")


async def _enter(work: PersonalWork, place: UUID | str) -> None:
    await work.session.execute(ENTER, {"org": str(place)})


def _pending(work: Work | PersonalWork) -> list[Entry]:
    pending: list[Entry] = work.session.info.setdefault(PENDING, [])
    return pending


def _entry(
    action: str, actor: Actor, target: Target | None, before: Values | None, after: Values | None
) -> Entry:
    return Entry(
        at_ms=clock.milliseconds(),
        action=action,
        actor_id=actor.user_id,
        api_key_id=actor.key_id,
        target_type=target[0] if target else None,
        target_id=values.text(target[1]) if target else None,
        before=values.written(before),
        after=values.written(after),
        request_id=context.current().get("request_id"),
        client_address=origin.client_address(),
    )
