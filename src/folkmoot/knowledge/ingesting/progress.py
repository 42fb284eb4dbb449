"""How far a document is: told in the run's log and in the document's row, but not too often."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from sqlalchemy import update

from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.ids import DocumentId
from folkmoot.kit.subject import deployment
from folkmoot.knowledge.models import Document, Status
from folkmoot.runs.live import LiveRun

PROGRESSED: Final = "ingest.progressed"
SILENCE: Final = 0.5
"""Seconds between two reports of one stage."""


class Superseded(Exception):
    """Nobody waits for a document any more: it was cancelled, deleted or replaced."""


class Stage(StrEnum):
    """What is done to a document, in this order."""

    FETCH = "fetch"
    PARSE = "parse"
    CHUNK = "chunk"
    EMBED = "embed"
    INDEX = "index"


class Reporter:
    """Reports on one document of a run."""

    def __init__(self, database: Database, run: LiveRun, document_id: DocumentId) -> None:
        self._database = database
        self._run = run
        self._document_id = document_id
        self._stage: Stage | None = None
        self._next = 0.0

    async def say(self, stage: Stage, done: int, total: int) -> None:
        """Report progress; within a stage only twice a second.

        Raises:
            Superseded: this run is to read the document no more.
        """
        now = clock.monotonic()
        if stage is self._stage and now < self._next:
            return
        begun = stage is not self._stage
        self._stage, self._next = stage, now + SILENCE
        progress = {"stage": stage, "done": done, "total": total}
        self._run.announce(PROGRESSED, {"document_id": str(self._document_id)} | progress)
        if not begun:
            await self._store(progress)

    async def _store(self, progress: Mapping[str, object]) -> None:
        subject = deployment(self._run.subject.org_id)
        async with self._database.work(subject) as work:
            kept = await work.session.scalar(
                update(Document)
                .where(
                    Document.org_id == subject.org_id,
                    Document.id == self._document_id,
                    Document.run_id == self._run.id,
                    Document.status == Status.PROCESSING,
                )
                .values(progress=dict(progress))
                .returning(Document.id)
            )
        if kept is None:
            raise Superseded
