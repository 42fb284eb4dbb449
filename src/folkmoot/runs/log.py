"""Reading logs: what is committed, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString, cast

from folkmoot.db.work import Database
from folkmoot.kit.chain import Link, Verdict, genesis, verify
from folkmoot.kit.ids import RunId
from folkmoot.kit.subject import Subject
from folkmoot.runs import statements
from folkmoot.runs.events import Recorded

PAGE: Final = 200
"""Events read at once."""

STRETCH: Final = 64 * 1024
"""Bytes of payloads that a reader is given at once; a single event may be larger."""


@dataclass(frozen=True, slots=True)
class LogReader:
    """Reads the logs that row-level security lets the subject see."""

    database: Database

    async def page(
        self, subject: Subject, run_id: RunId, after: int, limit: int = PAGE
    ) -> Sequence[Recorded]:
        """Return the events that follow a sequence number, in order."""
        return await self._events(subject, statements.READ, (run_id, after, limit))

    async def stretch(self, subject: Subject, run_id: RunId, after: int) -> Sequence[Recorded]:
        """Return some of the events that follow, as much as a slow reader may hold in memory."""
        return await self._events(subject, statements.STRETCH, (run_id, after, PAGE, STRETCH))

    async def _events(
        self, subject: Subject, statement: LiteralString, values: tuple[object, ...]
    ) -> Sequence[Recorded]:
        async with self.database.pipelined(subject) as connection:
            cursor = await connection.execute(statement, (subject.org_id, *values), prepare=True)
        rows = cast(list[tuple[int, str, str | None, int]], await cursor.fetchall())
        return [
            Recorded(seq, type_, None if text is None else text.encode(), at_ms)
            for seq, type_, text, at_ms in rows
        ]

    async def links(
        self, subject: Subject, run_id: RunId, after: int, limit: int = PAGE
    ) -> Sequence[Link]:
        """Return the events that follow a sequence number with all that verification needs."""
        async with self.database.pipelined(subject) as connection:
            cursor = await connection.execute(
                statements.LINKS, (subject.org_id, run_id, after, limit)
            )
        return [_link(row) for row in cast(list[tuple[Any, ...]], await cursor.fetchall())]

    async def whole(self, subject: Subject, run_id: RunId) -> Sequence[Recorded]:
        """Return a whole log."""
        events: list[Recorded] = []
        while page := await self.page(subject, run_id, len(events)):
            events += page
        return events

    async def verify(self, subject: Subject, run_id: RunId) -> Verdict:
        """Follow a run's hash chain from its first event to its last."""
        verdict = Verdict(genesis(subject.org_id, run_id))
        while verdict.intact:
            links = await self.links(subject, run_id, verdict.events)
            if not links:
                break
            verify(verdict, links)
        return verdict


def _link(row: tuple[Any, ...]) -> Link:
    seq, type_, at_ms, payload, salt, digest, hash_ = row
    text = None if payload is None else payload.encode()
    return Link(seq, type_, at_ms, text, salt, digest, hash_)
