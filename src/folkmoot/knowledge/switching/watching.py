"""Sees to it that every organisation gets the vectors that this process is to use, as runs."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, LiteralString

from sqlalchemy import text

from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.errors import AppError
from folkmoot.kit.ids import OrgId
from folkmoot.kit.subject import Subject, deployment
from folkmoot.knowledge.indexing.embedding import Embedders
from folkmoot.knowledge.indexing.generations import Wish
from folkmoot.knowledge.switching import changes
from folkmoot.knowledge.switching.standing import notice
from folkmoot.knowledge.waking import TELL_WORKERS
from folkmoot.llm.notices import Notice

EVERY: Final = 5.0
"""Seconds between two looks at the embedder."""
SOON: Final = 60.0
"""Seconds between two looks at what is not finished."""
LATE: Final = 600.0
"""Seconds between two looks at all documents: one may have been left without vectors."""
MOST: Final = 1_000
"""Organisations that are seen to at a time."""

DUE: Final[LiteralString] = """
SELECT org_id FROM embeddings_due(:model, :since, :thorough, :most) AS org_id
"""


@dataclass(slots=True, eq=False)
class Watching:
    """Looks for organisations in which something is left to do, and queues runs that do it."""

    database: Database
    embedders: Embedders
    wish: Wish

    async def watch(self) -> None:
        """Look when the process has started, when the embedder has changed, and now and then."""
        seen, soon, late = "", 0.0, 0.0
        while True:
            await asyncio.sleep(EVERY)
            with suppress(AppError):  # the database or the embedder: whoever needs them says so
                name, now = self.wish.name, clock.monotonic()
                if name != seen or now >= soon:
                    await self.look(thorough=now >= late)
                    seen, soon = name, now + SOON
                    late = now + LATE if now >= late else late

    async def look(self, *, thorough: bool = True) -> None:
        """Let organisations follow the wish, and have done what is left to do.

        A model that stands in for one that is being fetched is nobody's wish.
        """
        if not self.embedders.settled:
            return
        values = {
            "model": self.wish.name,
            "since": self.wish.since,
            "thorough": thorough,
            "most": MOST,
        }
        async with self.database.personal_work() as work:
            found = (await work.session.scalars(text(DUE), values)).all()
        for org_id in found:
            async with self.database.work(deployment(OrgId(org_id))) as work:
                await changes.follow(work, self.wish)
                if await changes.start(work):
                    await work.session.execute(TELL_WORKERS)

    async def notices(self, subject: Subject) -> list[Notice]:
        """Return what the subject should know of the vectors that it is searched by."""
        return await notice(self.database, self.embedders, subject)
