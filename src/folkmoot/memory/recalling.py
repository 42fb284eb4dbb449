"""Telling a turn what is remembered: within a time limit, and never so that the turn fails."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from folkmoot.db.work import Database
from folkmoot.kit.errors import AppError
from folkmoot.kit.subject import Subject
from folkmoot.memory import statements, words
from folkmoot.memory.models import MemoryKind
from folkmoot.memory.ports import Embedders
from folkmoot.memory.projection import RECALLED, TurnNoted
from folkmoot.memory.vectors import Vector, embed
from folkmoot.runs.live import LiveRun
from folkmoot.settings.groups import General, MemoryUse
from folkmoot.settings.scopes import acting_team
from folkmoot.settings.service import Settings

READ: Final = "memories:read"
WRITE: Final = "memories:write"
"""The permissions without which nothing is recalled, and nothing noted."""

MOST: Final = 8
"""Memories that a turn is told of."""
PREFERENCES: Final = 3
"""Of these, preferences that are told whatever is asked."""
CHARACTERS: Final = 4_000
"""Characters that they may have in all."""
LOOKED_AT: Final = 200
"""Memories, and preferences, of which those that fit by their words are found."""
QUESTION: Final = 2_000
"""Characters of a question that count."""
SHARE: Final = 0.6
"""Of the time there is, what the embedder may take: afterwards there is time to look by words."""

NO_VECTOR: Final = Vector("", "[0]")


@dataclass(frozen=True, slots=True)
class Found:
    """A memory that may fit; `likeness` is None where its vector cannot be compared."""

    id: UUID
    kind: MemoryKind
    text: str
    untrusted: bool
    likeness: float | None


@dataclass(frozen=True, slots=True)
class Recall:
    """Finds what fits a question.

    Args:
        settings: Where it is said in which turns.
        seconds: How long a turn waits.
    """

    database: Database
    embedders: Embedders
    settings: Settings
    seconds: float = 0.3

    async def __call__(self, run: LiveRun, question: str, *, full: bool) -> Sequence[Found]:
        """Return what a turn is told, best first, and write down in its log what that was.

        What takes too long or fails is nothing: the turn goes on without. Where settings switch
        memory off nothing is written down either.
        """
        subject = run.subject
        general = await self._general(subject)
        if not _uses(general, full=full) or READ not in subject.permissions:
            return ()
        found: Sequence[Found] = ()
        skipped: str | None = None
        try:
            async with asyncio.timeout(self.seconds):
                found = await self._told(subject, question, bool(general.memory_untrusted))
        except TimeoutError:
            skipped = "timed_out"
        except AppError as error:
            skipped = error.code
        self._write_down(run, found, skipped)
        return found

    async def keeps(self, subject: Subject, *, full: bool) -> bool:
        """Return whether a turn may say itself what is to be remembered and forgotten."""
        return WRITE in subject.permissions and _uses(await self._general(subject), full=full)

    async def fitting(
        self, subject: Subject, question: str, k: int, *, untrusted: bool = True
    ) -> Sequence[Found]:
        """Return the memories that fit a question best: by their vectors, or else their words."""
        vector = await self._vector(subject, question)
        found = await self._nearest(subject, vector, k if vector else LOOKED_AT, untrusted)
        compared = _compared(found)
        others = [each for each in found if each.likeness is None]
        return [*compared, *_by_words(question, others)][:k]

    async def _general(self, subject: Subject) -> General:
        """Return what is set; nothing, and so no memory, where nobody can tell."""
        try:
            return (await self.settings.of(subject)).values(General)
        except AppError:
            return General()

    async def _told(self, subject: Subject, question: str, untrusted: bool) -> Sequence[Found]:  # noqa: FBT001 - a value of a setting
        question = question[:QUESTION]
        vector = await self._vector(subject, question)
        found = await self._nearest(subject, vector, MOST if vector else LOOKED_AT, untrusted)
        told = _chosen(question, found, by_words=vector is None)
        ids = [each.id for each in told]
        if ids:
            async with self.database.pipelined(subject) as connection:
                values = {"org_id": subject.org_id, "ids": ids}
                await connection.execute(statements.USED, values, prepare=True)
        return told

    async def _vector(self, subject: Subject, question: str) -> Vector | None:
        try:
            async with asyncio.timeout(self.seconds * SHARE):
                (vector,) = await embed(self.embedders, subject, [question], kind="query")
        except TimeoutError:
            return None
        return vector

    async def _nearest(
        self,
        subject: Subject,
        vector: Vector | None,
        most: int,
        untrusted: bool,  # noqa: FBT001 - a value of a setting
    ) -> Sequence[Found]:
        compared = vector or NO_VECTOR
        values = {
            "org_id": subject.org_id,
            "user_id": subject.user_id,
            "teams": list(subject.team_ids),
            "embedder": compared.embedder,
            "vector": compared.text,
            "untrusted": untrusted,
            "most": most,
        }
        async with self.database.pipelined(subject) as connection:
            cursor = connection.cursor(row_factory=class_row(Found))
            await cursor.execute(statements.NEAREST, values, prepare=True)
        return await cursor.fetchall()

    def _write_down(self, run: LiveRun, found: Sequence[Found], skipped: str | None) -> None:
        """Tell in the log what was told by ids alone: what is forgotten is not in old logs."""
        told: dict[str, object] = {
            "memories": [{"id": str(each.id), "untrusted": each.untrusted} for each in found]
        }
        if skipped is not None:
            told["skipped"] = skipped
        team = acting_team(run.subject)
        noted = TurnNoted(None if team is None else str(team))
        run.emit(
            RECALLED,
            {"name": RECALLED, "value": told},
            record=noted if WRITE in run.subject.permissions else None,
        )


def _uses(general: General, *, full: bool) -> bool:
    wanted = {MemoryUse.ALWAYS, MemoryUse.FULL} if full else {MemoryUse.ALWAYS}
    return general.memory in wanted


def _chosen(question: str, found: Sequence[Found], *, by_words: bool) -> Sequence[Found]:
    """Return what a turn is told of what was found: some preferences, and what fits best."""
    preferences = [each for each in found if each.kind == MemoryKind.PREFERENCE][:PREFERENCES]
    fitting = _by_words(question, found) if by_words else _compared(found)
    told: list[Found] = []
    room = CHARACTERS
    for each in [*preferences, *(one for one in fitting if one not in preferences)]:
        room -= len(each.text)
        if room < 0 or len(told) == MOST:
            break
        told.append(each)
    return told


def _compared(found: Sequence[Found]) -> Sequence[Found]:
    return [each for each in found if each.likeness is not None]


def _by_words(question: str, found: Sequence[Found]) -> Sequence[Found]:
    return [found[place] for place in words.ranked(question, [each.text for each in found])]
