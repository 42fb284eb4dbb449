"""Gives the passages of a document their vectors, by every generation that is to have them."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from folkmoot.db.work import Database
from folkmoot.kit.subject import Subject, deployment
from folkmoot.knowledge.indexing import embedding, reuse
from folkmoot.knowledge.indexing.embedding import UNANSWERED, Embedders, Unanswered
from folkmoot.knowledge.indexing.generations import OtherLength, Standing, embedder_of
from folkmoot.knowledge.indexing.staging import Staged
from folkmoot.llm.errors import ModelAnswerMalformed
from folkmoot.llm.port import Embedder, Vectors

Report = Callable[[int, int], Awaitable[None]]
"""Is told how many passages have a vector, of how many."""


@dataclass(slots=True, eq=False)
class Filling:
    """The vectors of one document's passages, as far as there are any. Close it in the end.

    Attributes:
        staged: By generation.
        failed: Why there are none of a generation.
    """

    database: Database
    embedders: Embedders
    subject: Subject
    passages: Sequence[str]
    staged: dict[str, Staged] = field(default_factory=dict[str, Staged])
    failed: dict[str, Unanswered] = field(default_factory=dict[str, Unanswered])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.staged.values():
            each.close()

    @property
    def lengths(self) -> list[tuple[str, int]]:
        """The generations and how long their vectors are."""
        return [(each.model, each.dimensions) for each in self.staged.values()]

    def lacks(self, models: Iterable[str]) -> bool:
        """Whether there is a generation that nobody has tried to embed the passages for."""
        return any(each not in self.staged and each not in self.failed for each in models)

    async def fill(self, models: Sequence[str], standing: Standing | None, report: Report) -> None:
        """Embed the passages for generations; one that fails leaves the others alone.

        Raises:
            Unanswered: All of them fail.
            OtherLength: What a model answers cannot be compared with what it has answered before.
        """
        other: OtherLength | None = None
        for model in models:
            if model in self.staged or model in self.failed:
                continue
            try:
                await self._stage(model, standing, report)
            except OtherLength as error:
                other = error
                self.drop(error)
            except UNANSWERED as error:
                self.failed[model] = error
        if other is not None:
            raise other
        if not any(model in self.staged for model in models):
            raise self.failed[models[-1]]

    def drop(self, error: OtherLength) -> None:
        """Do without the vectors of a generation: they cannot be compared with those there are."""
        if error.model in self.staged:
            self.staged.pop(error.model).close()
        told = f"its vectors have {error.dimensions} numbers now"
        self.failed[error.model] = ModelAnswerMalformed(embedder_of(error.model), told)

    async def _stage(self, model: str, standing: Standing | None, report: Report) -> None:
        embedder = await self.embedders.embedder(self.subject, embedder_of(model))
        staged = Staged(model)
        try:
            await self._embed(embedder, staged, standing, report)
        except BaseException:
            staged.close()
            raise
        self.staged[model] = staged

    async def _embed(
        self, embedder: Embedder, staged: Staged, standing: Standing | None, report: Report
    ) -> None:
        """Embed the passages, each once, batch by batch: progress is seen, memory stays small."""
        numbers: dict[str, int] = {}
        total, size = len(self.passages), embedding.BATCH
        await report(0, total)
        for start in range(0, total, size):
            batch = self.passages[start : start + size]
            wanted = [each for each in dict.fromkeys(batch) if each not in numbers]
            for texts, vectors in await self._vectors(embedder, staged.model, wanted):
                dimensions = int(vectors.shape[1])
                if standing is not None:
                    standing.demand(staged.model, dimensions)
                if staged.dimensions not in {0, dimensions}:
                    raise OtherLength(staged.model, dimensions)
                numbers.update(zip(texts, staged.store(vectors), strict=True))
            staged.append([numbers[each] for each in batch])
            await report(len(staged), total)

    async def _vectors(
        self, embedder: Embedder, model: str, wanted: Sequence[str]
    ) -> list[tuple[Sequence[str], Vectors]]:
        """Return the vectors of texts: those that are there, and those that are asked for."""
        if not wanted:
            return []
        async with self.database.work(deployment(self.subject.org_id)) as work:
            known = await reuse.known(work, model, wanted)
        parts: list[tuple[Sequence[str], Vectors]] = [
            ([text], vector.reshape(1, -1)) for text, vector in known.items()
        ]
        rest = [each for each in wanted if each not in known]
        if rest:
            parts.append((rest, await embedder.embed(rest, kind="document")))
        return parts
