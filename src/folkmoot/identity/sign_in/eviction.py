"""Letting nothing count any more that has let somebody in as a person."""

from sqlalchemy import func, select

from folkmoot.db.work import PersonalWork
from folkmoot.identity.inviting import invitations
from folkmoot.identity.models import Membership
from folkmoot.identity.programs import api_keys
from folkmoot.identity.sign_in import links, resets, sessions


async def sign_out(work: PersonalWork) -> None:
    """End what the person has come in by themselves: sessions, and links that are on their way."""
    await sessions.revoke_all(work)
    await links.withdraw_all(work)
    await resets.withdraw_all(work)


async def evict(work: PersonalWork) -> None:
    """Do that, and end what acts for the person without them, or lets others in by their word.

    For when they prove to be whom the account belongs to, and nobody knows who has held it so far:
    an address is not confirmed when it is registered. Their keys, those that they have made for
    service accounts, and their invitations go, in whichever of their organisations.
    """
    await sign_out(work)
    mine = select(Membership.org_id).where(Membership.user_id == work.user_id)
    for place in (await work.session.scalars(mine.order_by(Membership.org_id))).all():
        await work.session.execute(select(func.set_config("app.org", str(place), True)))
        await api_keys.revoke_own(work, place)
        await invitations.withdraw_own(work, place)
    await work.session.execute(select(func.set_config("app.org", "", True)))
