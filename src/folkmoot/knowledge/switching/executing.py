"""Executes runs of kind `reembedding`: what an organisation has of vectors becomes what it wants.

All documents are embedded for the generation that is wanted, then the organisation is switched to
it in one transaction, then vectors of other generations are deleted. Until the switch searches
compare with those that were there before. What is stored is done, whoever goes on: a run that is
taken up again looks what is left.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, select

from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.db.work import Database, Work
from folkmoot.kit import clock
from folkmoot.kit.errors import AppError
from folkmoot.kit.ids import DocumentId, OrgId
from folkmoot.kit.subject import deployment
from folkmoot.kit.turns import Turns
from folkmoot.knowledge.indexing import generations, index
from folkmoot.knowledge.indexing.embedding import BATCH, Embedders, passage
from folkmoot.knowledge.indexing.filling import Filling
from folkmoot.knowledge.indexing.generations import OtherLength, Wish, embedder_of
from folkmoot.knowledge.models import Document
from folkmoot.knowledge.switching import changes, leftovers
from folkmoot.knowledge.switching.leftovers import Stale
from folkmoot.llm.errors import ModelError
from folkmoot.runs import service as runs
from folkmoot.runs.live import LiveRun

DEADLINE: Final = 7 * 24 * 3600.0
"""Seconds that a run may take; what it leaves, another one does."""
SETTLING: Final = 2.0
"""Seconds between two looks whether an index is there."""
SILENCE: Final = 0.5
"""Seconds between two reports."""

PROGRESSED: Final = "reembedding.progressed"
REFUSED: Final = "reembedding.document_refused"
SWITCHED: Final = "reembedding.switched"
ABANDONED: Final = "reembedding.abandoned"
PROBE: Final = "What does a good question look like?"
"""A text that every embedder can embed which works at all."""


EMPTY: Final = "It has no passages."


class Unwanted(Exception):
    """Another generation is wanted by now."""


@dataclass(slots=True, eq=False)
class Tally:
    """How far a run is, told not too often."""

    run: LiveRun
    total: int
    done: int
    _next: float = 0.0

    def add(self, *, last: bool = False) -> None:
        """Count a document; `last` says that this is told in any case."""
        self.done = min(self.done + (not last), self.total)
        if last or clock.monotonic() >= self._next:
            self._next = clock.monotonic() + SILENCE
            told = {"model": self.run.input["model"], "done": self.done, "total": self.total}
            self.run.announce(PROGRESSED, told)


@dataclass(frozen=True, slots=True)
class SwitchExecutor:
    """The executor; `input` is `{"model": generation}`."""

    database: Database
    embedders: Embedders
    wish: Wish
    turns: Turns[OrgId]

    async def __call__(self, run: LiveRun) -> None:
        """Do all that is left to do, for as long as the generation is wanted.

        Raises:
            ModelError: The model does not answer. It is tried again later.
        """
        model = run.input["model"]
        try:
            while not await self._conclude(run, model):
                await self._embed_all(run, model)
            await self._sweep(run, model)
        except Unwanted:
            run.announce(ABANDONED, {"model": model})
        except OtherLength as error:
            async with self.database.work(run.subject) as work:
                await changes.renew(work, error)
            run.announce(ABANDONED, {"model": model})
        except DatabaseUnavailable:
            raise
        except AppError:
            async with self.database.work(run.subject) as work:
                await changes.put_off(work)
            raise

    async def _embed_all(self, run: LiveRun, model: str) -> None:
        """Embed every document that has no vectors of the generation."""
        async with self.database.work(run.subject) as work:
            counted = await leftovers.counted(work, model)
        tally = Tally(run, counted.documents, counted.embedded)
        beyond: DocumentId | None = None
        while stale := await self._stale(run, model, beyond):
            for each in stale:
                async with self.turns.place(run.org_id):
                    await self._embed_or_refuse(run, model, each)
                tally.add()
                await run.room()
            beyond = stale[-1].document_id
        tally.add(last=True)

    async def _embed_or_refuse(self, run: LiveRun, model: str, stale: Stale) -> None:
        """Embed a document; one that a model fails at twice which answers otherwise, is refused.

        Raises:
            ModelError: The model fails at everything.
        """
        for last in (False, True):
            try:
                if not await self._embed(model, stale):
                    await self._refuse(run, model, stale, EMPTY)
            except ModelError as error:
                embedder = await self.embedders.embedder(stale.subject, embedder_of(model))
                await embedder.embed([PROBE], kind="document")
                if last:
                    await self._refuse(run, model, stale, error.detail)
            else:
                return

    async def _embed(self, model: str, stale: Stale) -> bool:
        """Embed what a document lacks, from its end to its beginning; false if it lacks nothing."""
        found = False
        while True:
            async with self.database.work(deployment(stale.subject.org_id)) as work:
                revision = await work.session.scalar(_revision(stale))
                lacking = await leftovers.lacking(work, stale.document_id, model, BATCH)
            if not lacking:
                return found
            found = True
            passages = [passage(header, body) for _, header, body in lacking]
            with Filling(self.database, self.embedders, stale.subject, passages) as filling:
                await filling.fill([model], None, _silent)
                ordinals = [ordinal for ordinal, *_ in lacking]
                if not await self._store(model, stale, revision, ordinals, filling):
                    return True

    async def _store(
        self,
        model: str,
        stale: Stale,
        revision: int | None,
        ordinals: Sequence[int],
        filling: Filling,
    ) -> bool:
        """Store vectors; false if the document is another by now.

        Raises:
            Unwanted: Another generation is wanted by now.
        """
        async with self.database.work(deployment(stale.subject.org_id)) as work:
            document = await work.session.scalar(_document(stale).with_for_update())
            standing = await generations.hold(work, self.wish, filling.lengths)
            if model not in standing.models:
                raise Unwanted
            if document is None or document.indexed_revision != revision:
                return False
            vectors = filling.staged[model].literals(0, len(ordinals))
            await index.add_vectors(work, document, model, ordinals, vectors)
            await leftovers.accept(work, stale.document_id, model)
            return True

    async def _refuse(self, run: LiveRun, model: str, stale: Stale, reason: str) -> None:
        async with self.database.work(run.subject) as work:
            noted = await leftovers.refuse(work, stale.document_id, model, reason)
        if noted:
            told = {"document_id": str(stale.document_id), "model": model, "reason": reason}
            run.announce(REFUSED, told)

    async def _stale(self, run: LiveRun, model: str, beyond: DocumentId | None) -> Sequence[Stale]:
        async with self.database.work(run.subject) as work:
            await _demand(work, model)
            return await leftovers.stale(work, model, beyond)

    async def _conclude(self, run: LiveRun, model: str) -> bool:
        """Switch if everything is embedded; false if something is left to embed."""
        while True:
            async with self.database.work(run.subject) as work:
                row = await changes.locked(work)
                if row is None or generations.of(row).target != model:
                    raise Unwanted
                if await leftovers.any_stale(work, model):
                    return False
                row.attempts, before = 0, row.model
                if row.coming is None or await changes.ready(work, row):
                    await changes.switch(work, row)
                    await runs.demand_lease(work, run)
                    break
            await asyncio.sleep(SETTLING)
        if before != model:
            run.announce(SWITCHED, {"model": model, "before": before})
        return True

    async def _sweep(self, run: LiveRun, model: str) -> None:
        """Delete the vectors of generations that nobody wants any more."""
        beyond: DocumentId | None = None
        while True:
            async with self.database.work(run.subject) as work:
                kept = await _demand(work, model)
                beyond = await leftovers.sweep(work, kept, beyond)
            if beyond is None:
                break
        async with self.database.work(run.subject) as work:
            row = await changes.locked(work)
            if row is not None and generations.of(row).target == model:
                await leftovers.forget_others(work, generations.of(row).models)
                row.swept = True


async def _demand(work: Work, model: str) -> Sequence[str]:
    """Return the generations that are wanted; fail if this one is not what is to be searched by."""
    standing = await generations.standing(work)
    if standing is None or standing.target != model:
        raise Unwanted
    return standing.models


def _document(stale: Stale) -> Select[Document]:
    return select(Document).where(
        Document.org_id == stale.subject.org_id, Document.id == stale.document_id
    )


def _revision(stale: Stale) -> Select[int | None]:
    return select(Document.indexed_revision).where(
        Document.org_id == stale.subject.org_id, Document.id == stale.document_id
    )


async def _silent(_done: int, _total: int) -> None:
    """Tell nobody: a document is counted when it is done."""
