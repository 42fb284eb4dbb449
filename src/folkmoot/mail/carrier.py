"""The job that sends what was posted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import delete, select

from folkmoot.db.work import Database
from folkmoot.jobs.queue import Queue
from folkmoot.kit import clock
from folkmoot.kit.ids import LetterId, UserId
from folkmoot.mail.envelopes import Envelopes
from folkmoot.mail.errors import LetterRefused, MailAway
from folkmoot.mail.letters import QUEUE, SEND, Letter
from folkmoot.mail.models import WaitingLetter
from folkmoot.mail.smtp import MailServer

PATIENCE: Final = timedelta(days=1)
"""How long a letter waits for a server that is away."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Carrier:
    """Sends letters; register its job once per process. Without a server it only says so.

    Attributes:
        database: The database.
        server: Where letters are handed in.
        envelopes: What opens those that wait.
    """

    database: Database
    server: MailServer | None
    envelopes: Envelopes

    def register(self, queue: Queue) -> None:
        """Name the job."""
        queue.register(SEND, self.send, queue=QUEUE)

    async def send(self, *, user_id: str, letter_id: str) -> None:
        """Send a letter, then forget it. After a crash in between it is sent again.

        Raises:
            MailAway: Not now.
            LetterRefused: Not ever.
        """
        person, letter = UserId(UUID(user_id)), LetterId(UUID(letter_id))
        async with self.database.personal_work(person) as work:
            found = select(WaitingLetter).where(WaitingLetter.id == letter)
            waiting = (await work.session.scalars(found)).one_or_none()
        if waiting is None:
            return
        text = self.envelopes.open(letter, waiting.sealed)
        post = Letter(waiting.recipient, waiting.subject, text)
        await self.deliver(letter, post, posted=waiting.created_at)
        async with self.database.personal_work(person) as work:
            await work.session.execute(delete(WaitingLetter).where(WaitingLetter.id == letter))

    async def deliver(self, letter_id: LetterId, letter: Letter, *, posted: datetime) -> None:
        """Hand a letter in, from within a job that may be run again.

        Raises:
            MailAway: Not now.
            LetterRefused: Not ever, or the server has been away for a day.
        """
        if self.server is None:
            log.warning("mail.not_configured", letter=str(letter_id))
            return
        try:
            await self.server.deliver(letter_id, letter)
        except MailAway as error:
            log.warning("mail.away", letter=str(letter_id), **error.members)
            if clock.now() - posted > PATIENCE:
                raise LetterRefused("the server has been away for too long") from error
            raise
        except LetterRefused as error:
            log.warning("mail.refused", letter=str(letter_id), **error.members)
            raise
        log.info("mail.sent", letter=str(letter_id))
