"""Letters, and the box they are posted in."""

from dataclasses import dataclass, field
from typing import Final

from folkmoot.db.work import PersonalWork, Work
from folkmoot.jobs import storing
from folkmoot.kit.ids import LetterId, new_id
from folkmoot.mail.envelopes import Envelopes
from folkmoot.mail.models import WaitingLetter

SEND: Final = "mail.send"
QUEUE: Final = "mail"


@dataclass(frozen=True, slots=True)
class Letter:
    """Plain text for one person."""

    to: str
    subject: str
    text: str = field(repr=False)


async def post(work: Work | PersonalWork, envelopes: Envelopes, letter: Letter) -> None:
    """Have a letter sent once this work is committed; if it is not, nobody ever sees it.

    It is on behalf of the acting user, who must be known.
    """
    user_id = work.subject.user_id if isinstance(work, Work) else work.user_id
    if user_id is None:
        raise ValueError("nobody acts")
    id_ = LetterId(new_id())
    waiting = WaitingLetter(
        id=id_,
        user_id=user_id,
        recipient=letter.to,
        subject=letter.subject,
        sealed=envelopes.seal(id_, letter.text),
    )
    work.session.add(waiting)
    await work.session.flush()
    ids = {"user_id": str(user_id), "letter_id": str(id_)}
    await storing.store(work.session, SEND, queue=QUEUE, **ids)
