"""The credential a request came with, held as it is until what it does is done.

What was revoked in another process may count here for some seconds; it leaves nothing behind that
lasts longer, though: neither a key nor an invitation.
"""

from sqlalchemy import select

from folkmoot.db.work import Work
from folkmoot.identity.errors import NotSignedIn
from folkmoot.identity.models import ApiKey, Session


async def hold(work: Work) -> ApiKey | None:
    """Keep the subject's credential from being revoked until this work ends; return a key.

    Raises:
        NotSignedIn: It has been revoked, or is being revoked right now.
    """
    subject = work.subject
    if subject.session_id is not None:
        session = select(Session.id).where(
            Session.id == subject.session_id, Session.revoked_at.is_(None)
        )
        if await work.session.scalar(session.with_for_update(read=True)) is None:
            raise NotSignedIn
    if subject.key_id is None:
        return None
    key = (
        select(ApiKey)
        .where(ApiKey.org_id == subject.org_id, ApiKey.id == subject.key_id)
        .where(ApiKey.revoked_at.is_(None))
    )
    found = (await work.session.scalars(key.with_for_update(read=True))).one_or_none()
    if found is None:
        raise NotSignedIn
    return found
