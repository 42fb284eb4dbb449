"""The job that sends what was posted."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import delete, select

from folkmoot.db.work import Database
from folkmoot.jobs.queue import Queue
from folkmoot.kit import clock
from folkmoot.kit.ids import LetterId, UserId
from folkmoot.mail.errors import LetterRefused, MailAway
from folkmoot.mail.letters import QUEUE, SEND, Letter
from folkmoot.mail.models import WaitingLetter
from folkmoot.mail.smtp import MailServer

PATIENCE: Final = timedelta(days=1)
"""How long a letter waits for a server that is away."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Carrier:
    """Sends letters; register its job once per process. Without a server it only says so."""

    database: Database
    server: MailServer | None

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
        await self._deliver(waiting)
        async with self.database.personal_work(person) as work:
            await work.session.execute(delete(WaitingLetter).where(WaitingLetter.id == letter))

    async def _deliver(self, waiting: WaitingLetter) -> None:
        if self.server is None:
            log.warning("mail.not_configured", letter=str(waiting.id))
            return
        letter = Letter(waiting.recipient, waiting.subject, waiting.text)
        try:
            await self.server.deliver(waiting.id, letter)
        except MailAway as error:
            log.warning("mail.away", letter=str(waiting.id), **error.members)
            if clock.now() - waiting.created_at > PATIENCE:
                raise LetterRefused("the server has been away for too long") from error
            raise
        except LetterRefused as error:
            log.warning("mail.refused", letter=str(waiting.id), **error.members)
            raise
        log.info("mail.sent", letter=str(waiting.id))
