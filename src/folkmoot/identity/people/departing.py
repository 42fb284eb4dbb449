"""A person goes: in one transaction they lose all their places and all that let them in.

An organisation that is suspended, and that nobody else owns, is deleted with them: they could
neither hand it over nor delete it themselves. Others have to be handed over or deleted before.

What is left of them is erased by the job that this transaction stores. Their address is free at
once; it stays in their row until the job has found what was sent to it.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, text

from folkmoot.audit import trail
from folkmoot.db.work import PersonalWork, do_last
from folkmoot.identity.errors import NotSignedIn, PlacesChanged, SoleOwner, WrongPassword
from folkmoot.identity.models import Membership, Organization, User
from folkmoot.identity.organizations import members
from folkmoot.identity.people import own
from folkmoot.jobs import storing
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId

ERASE: Final = "identity.erase"
QUEUE: Final = "identity"
UNNOTICED: Final = timedelta(seconds=6)
"""How long another process may let somebody in who has gone: what they begin is erased, too."""

ENTER: Final = text("SELECT set_config('app.org', :org, true)")


async def depart(work: PersonalWork, checked: str | None) -> None:
    """Let a person go.

    Args:
        work: A unit of work of their own.
        checked: The hash that their password fits; None if they have none.

    Raises:
        NotSignedIn: They have gone already.
        WrongPassword: It has been changed meanwhile.
        SoleOwner: They are the only owner of organisations that are not suspended.
        PlacesChanged: They have got or lost a place in this moment.
    """
    places = await _places(work)
    owned = [each for place in places if (each := await _owned_alone(work, place)) is not None]
    await _enter(work, None)
    user = await _held(work, checked)
    if await _places(work) != places:
        raise PlacesChanged
    left = [(each.id, each.name) for each in owned if each.suspended_at is None]
    if left:
        raise SoleOwner(left)
    await trail.record_personal(work, "account.erased", target=("user", user.id))
    for each in owned:
        await _delete(work, each)
    await _enter(work, None)
    await own.let_in_no_more(work)
    user.deleted_at = clock.now()
    user.email_normalized = f"erased {user.id}"
    user.password_hash = None
    ids = {"user_id": str(user.id), "org_ids": ",".join(map(str, places))}
    await storing.store(work.session, ERASE, UNNOTICED, queue=QUEUE, **ids)

    async def leave() -> None:
        await _leave(work, places)

    do_last(work, leave)  # the trails of these places are written first


async def _places(work: PersonalWork) -> Sequence[OrgId]:
    mine = select(Membership.org_id).where(Membership.user_id == work.user_id)
    return (await work.session.scalars(mine.order_by(Membership.org_id))).all()


async def _owned_alone(work: PersonalWork, place: OrgId) -> Organization | None:
    """Hold an organisation; return it if the person is the only one who owns it.

    All who change what people are somewhere hold it first, and their accounts after that.
    """
    await _enter(work, place)
    there = (
        select(Organization)
        .where(Organization.id == place, Organization.deleted_at.is_(None))
        .with_for_update(key_share=True)
    )
    mine = select(Membership).where(Membership.org_id == place, Membership.user_id == work.user_id)
    organization = await work.session.scalar(there)
    member = await work.session.scalar(mine) if organization is not None else None
    alone = member is not None and await members.is_sole_owner(work.session, member)
    return organization if alone else None


async def _delete(work: PersonalWork, organization: Organization) -> None:
    """Hide a suspended organisation until it is purged: nobody is left who could bring it back."""
    await _enter(work, organization.id)
    organization.deleted_at = clock.now()
    await work.session.flush()
    target, before = ("organization", organization.id), {"name": organization.name}
    trail.record_at(work, organization.id, "organization.deleted", target=target, before=before)


async def _held(work: PersonalWork, checked: str | None) -> User:
    found = select(User).where(User.id == work.user_id, User.deleted_at.is_(None))
    user = (await work.session.scalars(found.with_for_update())).one_or_none()
    if user is None:
        raise NotSignedIn
    if user.password_hash != checked:
        raise WrongPassword
    return user


async def _leave(work: PersonalWork, places: Sequence[OrgId]) -> None:
    for place in places:
        await _enter(work, place)
        await work.session.execute(
            delete(Membership).where(Membership.org_id == place, Membership.user_id == work.user_id)
        )
    await _enter(work, None)


async def _enter(work: PersonalWork, place: UUID | None) -> None:
    await work.session.execute(ENTER, {"org": str(place or "")})
