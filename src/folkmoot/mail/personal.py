"""What the mail room keeps of a person: letters on their behalf, or to them, that wait."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import delete, select, text

from folkmoot.db import extract
from folkmoot.db.work import Database
from folkmoot.kit.personal import File, Person
from folkmoot.mail.models import WaitingLetter

# Neither to whom, which is somebody else's, nor the text, which may let its reader in somewhere.
SHOWN: Final = select(WaitingLetter.id, WaitingLetter.subject, WaitingLetter.created_at)
TO_THEM: Final = text("SELECT letters_forget(:address)")


@dataclass(frozen=True, slots=True)
class Letters:
    """Letters that wait for their server."""

    database: Database
    tables: frozenset[str] = frozenset({"letters"})

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield which letters wait on the person's behalf."""
        mine = SHOWN.where(WaitingLetter.user_id == person.user_id)
        open_work = partial(self.database.personal_work, person.user_id)
        yield File("letters.jsonl", extract.lines(open_work, mine, [WaitingLetter.id]))

    async def erase(self, person: Person) -> None:
        """Send none of them any more, nor any to the person that was posted before they went."""
        if person.email is None:
            return
        async with self.database.personal_work(person.user_id) as work:
            mine = delete(WaitingLetter).where(WaitingLetter.user_id == person.user_id)
            await work.session.execute(mine)
            await work.session.execute(TO_THEM, {"address": person.email})
