"""Somebody has forgotten their password: a letter to their address lets them set a new one.

Asking looks the same whether or not there is such an account: the same statements, the same job.
The secret is made when the letter is sent, and is in no table.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select

from folkmoot.db.work import Database
from folkmoot.identity.callers.standing import acts
from folkmoot.identity.models import User
from folkmoot.identity.people import accounts
from folkmoot.identity.sign_in import resets
from folkmoot.jobs import storing
from folkmoot.jobs.queue import Queue
from folkmoot.kit import clock
from folkmoot.kit.ids import LetterId, UserId, made_at, new_id
from folkmoot.mail.carrier import Carrier
from folkmoot.mail.letters import QUEUE, Letter

SEND: Final = "identity.send_reset"

SUBJECT: Final = "A new password for Folkmoot"
TEXT: Final = """Hello {name},

somebody, probably you, has asked for a new password for {email}.
Set it here within an hour:

{link}

If it was not you, nothing needs to be done: your password stays as it is.
"""


async def request(database: Database, email: str) -> None:
    """Have the letter sent, if there is such an account."""
    user_id = await accounts.find_id(database, email)
    request_id = new_id()
    ids = {"user_id": str(user_id or new_id()), "request_id": str(request_id)}
    async with database.personal_work() as work:
        await storing.store(work.session, SEND, queue=QUEUE, **ids)


@dataclass(frozen=True, slots=True)
class Recovery:
    """The job that sends the letters; register it once per process.

    Attributes:
        database: The database.
        carrier: Who carries letters.
        public_url: Where people reach this deployment.
    """

    database: Database
    carrier: Carrier
    public_url: str

    def register(self, queue: Queue) -> None:
        """Name the job."""
        queue.register(SEND, self.send, queue=QUEUE)

    async def send(self, *, user_id: str, request_id: str) -> None:
        """Make a secret and send it; nothing if nobody waits for it any more, or ever did.

        Raises:
            MailAway: Not now. The secret that was made does not count.
            LetterRefused: Not ever. Neither does it.
        """
        person, asked = UserId(UUID(user_id)), made_at(UUID(request_id))
        if clock.now() - asked > resets.LIFETIME:
            return
        async with self.database.personal_work(person) as work:
            found = select(User).where(User.id == person, acts())
            user = (await work.session.scalars(found)).one_or_none()
            secret = await resets.issue(work, person) if user else None
        if user is None or secret is None:
            return
        try:
            letter = self._letter(user, secret)
            await self.carrier.deliver(LetterId(UUID(request_id)), letter, posted=asked)
        except BaseException:
            async with self.database.personal_work(person) as work:
                await resets.withdraw(work, secret)
            raise

    def _letter(self, user: User, secret: str) -> Letter:
        # What stands behind the # is told to no server, and so to no log.
        link = f"{self.public_url}/reset-password#{secret}"
        email = accounts.address_of(user)
        return Letter(email, SUBJECT, TEXT.format(name=user.name, email=email, link=link))
