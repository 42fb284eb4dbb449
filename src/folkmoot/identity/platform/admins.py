"""Who is a platform admin, as only the deployment's operator may say: whoever owns the schema.

The application's role reads that table and writes nothing there. The trails of the organisations
that somebody is of tell when they became one and when they ceased to be.
"""

from collections.abc import Sequence
from typing import Final

from psycopg import AsyncConnection
from sqlalchemy import select

from folkmoot.audit import trail
from folkmoot.db.work import Database
from folkmoot.identity.errors import NowhereAMember
from folkmoot.identity.models import Membership
from folkmoot.identity.platform import entries
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.subject import deployment

APPOINT: Final = """
INSERT INTO platform_admins (user_id, since) VALUES (%s, %s)
ON CONFLICT DO NOTHING RETURNING user_id
"""
DISMISS: Final = "DELETE FROM platform_admins WHERE user_id = %s RETURNING user_id"


async def appoint(database: Database, owner: str, user_id: UserId) -> bool:
    """Make somebody a platform admin; tell whether they were none before.

    Raises:
        NowhereAMember: They are of no organisation, and no trail would tell what they do.
    """
    places = await _places(database, user_id)
    if not places:
        raise NowhereAMember
    # Recorded first and kept last: nobody becomes one unseen.
    async with await AsyncConnection.connect(owner) as connection:
        made = await (await connection.execute(APPOINT, (user_id, clock.now()))).fetchone()
        if made is not None:
            await _record(database, places, user_id, "platform_admin.appointed")
    return made is not None


async def dismiss(database: Database, owner: str, user_id: UserId) -> bool:
    """Let somebody be one no more, and out of the organisations they have entered as one."""
    async with await AsyncConnection.connect(owner) as connection:
        gone = await (await connection.execute(DISMISS, (user_id,))).fetchone()
        if gone is not None:
            places = await _places(database, user_id)
            await _record(database, places, user_id, "platform_admin.dismissed")
    await entries.leave_all(database, user_id)
    return gone is not None


async def _places(database: Database, user_id: UserId) -> Sequence[OrgId]:
    theirs = select(Membership.org_id).where(
        Membership.user_id == user_id, Membership.ends_at.is_(None)
    )
    async with database.personal_work(user_id) as work:
        return (await work.session.scalars(theirs.order_by(Membership.org_id))).all()


async def _record(
    database: Database, places: Sequence[OrgId], user_id: UserId, action: str
) -> None:
    for place in places:
        async with database.work(deployment(place)) as work:
            await trail.record(work, action, target=("user", user_id))
