"""Answers that are on their way in this process, and who else waits for them."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Self

from folkmoot.kit.ids import OrgId
from folkmoot.llm.port import Chunk

Batch = Sequence[Chunk]
Fetch = Callable[[], AsyncGenerator[Batch, None]]
Name = tuple[OrgId, bytes, int, bytes]
"""Whose it is, what was asked, and which documents there are."""


@dataclass(slots=True, eq=False)
class Flight:
    """One answer on its way. It is fetched for as long as somebody listens, whoever that is.

    `batches` is what has come so far: whoever joins late begins with it. `left` tells that nobody
    listens any more: it comes to nothing, however long that takes.
    """

    batches: list[Batch] = field(default_factory=list[Batch])
    listeners: int = 0
    left: bool = False
    _over: bool = False
    _task: asyncio.Task[None] | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self, fetch: Fetch) -> Self:
        """Begin to fetch; whoever pays here pays for it."""
        self._task = asyncio.create_task(self._fetch(fetch), name="shared answer")
        return self

    async def listen(self) -> AsyncGenerator[Batch, None]:
        """Yield all of it, from the beginning; fail as the model has failed whoever asked it."""
        self.listeners += 1
        place = 0
        try:
            while True:
                while place < len(self.batches):
                    yield self.batches[place]
                    place += 1
                if self._over:
                    break
                await self._news.wait()
            await self._end()
        finally:
            self.listeners -= 1
            if self.listeners == 0:
                self.left = True
                await self._stop()

    async def _fetch(self, fetch: Fetch) -> None:
        try:
            async with aclosing(fetch()) as answer:
                async for batch in answer:
                    self.batches.append(batch)
                    self._tell()
        finally:
            self._over = True
            self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _end(self) -> None:
        if self._task is not None:
            await asyncio.wait((self._task,))
            self._task.result()

    async def _stop(self) -> None:
        """Fetch no more: nobody listens. What was used until then is settled when this returns."""
        task = self._task
        if task is None:
            return
        task.cancel()
        await asyncio.wait((task,))
        if not task.cancelled():
            task.exception()  # whoever listened has been told


class Flights:
    """The answers on their way in this process."""

    def __init__(self) -> None:
        self._flights: dict[Name, Flight] = {}

    @property
    def listeners(self) -> int:
        """How many listen to answers on their way."""
        return sum(each.listeners for each in self._flights.values())

    def joined(self, name: Name) -> Flight | None:
        """Return the one that somebody has asked for already and listens to."""
        flight = self._flights.get(name)
        return None if flight is None or flight.left else flight

    def begin(self, name: Name, fetch: Fetch) -> Flight:
        """Have it fetched; until it is over, others may join."""
        flight = Flight()
        self._flights[name] = flight

        async def fetched() -> AsyncGenerator[Batch, None]:
            try:
                async with aclosing(fetch()) as answer:
                    async for batch in answer:
                        yield batch
            finally:
                if self._flights.get(name) is flight:  # another one may have been begun meanwhile
                    del self._flights[name]

        return flight.start(fetched)
