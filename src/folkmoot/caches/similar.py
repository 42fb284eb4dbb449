"""Questions as an embedder sees them."""

import asyncio
from dataclasses import dataclass, field
from math import isfinite
from typing import Protocol

from folkmoot.caches.store import Vector
from folkmoot.db.vectors import literal
from folkmoot.kit.errors import AppError
from folkmoot.kit.subject import Subject
from folkmoot.llm.port import Embedder


class Embedders(Protocol):
    """The embedder in use."""

    async def embedder(self, subject: Subject) -> Embedder:
        """Return it as a subject may use it."""
        ...


@dataclass(slots=True, eq=False)
class Looking:
    """A question that is being embedded, for as long as that may take."""

    embedders: Embedders
    subject: Subject
    question: str
    _task: asyncio.Task[Vector | None] = field(init=False)

    def __post_init__(self) -> None:
        self._task = asyncio.create_task(self._embed(), name="question's vector")

    async def vector(self) -> Vector | None:
        """Return it; none if the embedder fails. Whoever waits no longer leaves it going on."""
        await asyncio.wait((self._task,))
        return self._task.result()

    @property
    def ready(self) -> Vector | None:
        """The vector, if it is there by now."""
        task = self._task
        return task.result() if task.done() and not task.cancelled() else None

    async def leave(self) -> None:
        """Wait for it no longer."""
        self._task.cancel()
        await asyncio.wait((self._task,))

    async def _embed(self) -> Vector | None:
        try:
            embedder = await self.embedders.embedder(self.subject)
            vectors = await embedder.embed([self.question], kind="query")
        except AppError:
            return None
        values: list[float] = vectors[0].tolist() if len(vectors) else []
        if not values or not all(map(isfinite, values)):
            return None  # nothing is like it
        return Vector(f"{embedder.name}/{len(values)}", literal(values))
