"""What was found out about credentials a moment ago, so that a busy caller costs nothing."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from folkmoot.kit import clock

K = TypeVar("K")
V = TypeVar("V")

SECONDS: Final = 4.0
"""How long a revoked credential may still count; what is promised is five seconds."""

REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Answer(Generic[V]):
    """A value and when it was asked for, in seconds of the monotonic clock."""

    value: V
    asked: float


class Recent(Generic[K, V]):
    """Remembers answers for four seconds; who asks for one that is on its way waits for it.

    Failures are not remembered.
    """

    def __init__(self) -> None:
        self._answers: OrderedDict[K, Answer[V]] = OrderedDict()
        self._asking: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K, ask: Callable[[], Awaitable[V]]) -> V:
        """Return the remembered answer, or ask."""
        answer = self._answers.get(key)
        if answer is not None and clock.monotonic() - answer.asked < SECONDS:
            return answer.value
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._ask(key, ask))
            task.add_done_callback(lambda done: self._asked(key, done))
        return await asyncio.shield(task)  # a caller who gives up does not take the others along

    def forget(self) -> None:
        """Forget everything, also what is being asked right now: something has been revoked."""
        self._answers.clear()
        self._asking.clear()

    async def _ask(self, key: K, ask: Callable[[], Awaitable[V]]) -> V:
        task, asked = asyncio.current_task(), clock.monotonic()
        value = await ask()
        if self._asking.get(key) is task:
            self._remember(key, Answer(value, asked))
        return value

    def _remember(self, key: K, answer: Answer[V]) -> None:
        self._answers.pop(key, None)
        while len(self._answers) >= REMEMBERED:
            self._answers.popitem(last=False)
        self._answers[key] = answer

    def _asked(self, key: K, done: asyncio.Task[V]) -> None:
        if self._asking.get(key) is done:
            del self._asking[key]
        if not done.cancelled():
            done.exception()  # whoever still waits raises it; if nobody does, it is nobody's loss
