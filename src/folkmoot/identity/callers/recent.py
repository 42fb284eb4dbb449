"""What was found out about credentials a moment ago, so that a busy caller costs nothing."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

from folkmoot.kit import clock

K = TypeVar("K")
V = TypeVar("V")

SECONDS: Final = 4.0
"""How long a revoked credential may still count, should nobody tell of it; what is promised is five
seconds."""

REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Asking(Generic[V]):
    """A question on its way: when it was asked, and what had been forgotten by then."""

    task: asyncio.Task[V]
    asked: float
    forgotten: int


@dataclass(frozen=True, slots=True)
class Answer(Generic[V]):
    """A value, when it was asked for, and what had been forgotten by then."""

    value: V
    asked: float
    forgotten: int


class Recent(Generic[K, V]):
    """Remembers answers for four seconds; who asks for one that is on its way waits for it.

    Failures are not remembered. What is forgotten is what is about somebody or something: to
    others it makes no difference, or whoever logs out again and again would slow them all down.

    Args:
        about: Tells whom and what a value is about.
    """

    def __init__(self, about: Callable[[V], Iterable[UUID]]) -> None:
        self._about = about
        self._answers: OrderedDict[K, Answer[V]] = OrderedDict()
        self._asking: dict[K, Asking[V]] = {}
        self._forgotten = 0
        self._marks: OrderedDict[UUID, tuple[int, float]] = OrderedDict()

    async def get(self, key: K, ask: Callable[[], Awaitable[V]]) -> V:
        """Return the remembered answer, or ask."""
        answer = self._answers.get(key)
        if answer is not None and self._counts(answer):
            return answer.value
        asking = self._asking.get(key)
        # Whom an answer is about is known when it is there: who asks after something has been
        # forgotten does not wait for one that may be older.
        if asking is None or asking.forgotten != self._forgotten:
            asking = self._ask(key, ask)
        return await asyncio.shield(asking.task)  # who gives up does not take the others along

    def forget(self, *about: UUID) -> None:
        """Forget what is about these, also what is being asked right now: it has changed."""
        now = clock.monotonic()
        for mark in about:
            self._forgotten += 1
            self._marks.pop(mark, None)
            self._marks[mark] = (self._forgotten, now)
        # What is older than any answer that counts is told from no answer any more.
        while self._marks and now - next(iter(self._marks.values()))[1] >= SECONDS:
            self._marks.popitem(last=False)

    def forget_all(self) -> None:
        """Forget everything, also what is being asked right now."""
        self._forgotten += 1
        self._answers.clear()
        self._asking.clear()  # what they are told is remembered for nobody after them

    def _counts(self, answer: Answer[V]) -> bool:
        if clock.monotonic() - answer.asked >= SECONDS:
            return False
        marks = (self._marks.get(each) for each in self._about(answer.value))
        return all(mark is None or mark[0] <= answer.forgotten for mark in marks)

    def _ask(self, key: K, ask: Callable[[], Awaitable[V]]) -> Asking[V]:
        async def answered() -> V:
            return await ask()

        task = asyncio.create_task(answered())
        asking = self._asking[key] = Asking(task, clock.monotonic(), self._forgotten)
        task.add_done_callback(lambda _: self._asked(key, asking))
        return asking

    def _asked(self, key: K, asking: Asking[V]) -> None:
        newest = self._asking.get(key) is asking
        if newest:
            del self._asking[key]
        # Whoever still waits for a failure raises it; if nobody does, it is nobody's loss.
        if not asking.task.cancelled() and asking.task.exception() is None and newest:
            value = asking.task.result()
            self._remember(key, Answer(value, asking.asked, asking.forgotten))

    def _remember(self, key: K, answer: Answer[V]) -> None:
        self._answers.pop(key, None)
        while len(self._answers) >= REMEMBERED:
            self._answers.popitem(last=False)
        self._answers[key] = answer
