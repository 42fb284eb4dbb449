"""Models in an order: the next one is asked where one is not available.

Only as long as nothing of an answer was handed on: two answers are never glued together. Each
step is told, so that whoever writes the run's log writes down what was hidden.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Final

from folkmoot.kit.errors import AppError
from folkmoot.kit.telemetry import metrics
from folkmoot.llm.errors import (
    ModelAnswerMalformed,
    ModelBusy,
    ModelKeyMissing,
    ModelKeyRefused,
    ModelKeyUnreadable,
    ModelNotLoaded,
    ModelQuotaUsedUp,
    ModelStreamCut,
    ModelTimedOut,
    ModelUnavailable,
    ModelUnknown,
)
from folkmoot.llm.port import ChatModel, ChatRequest, Chunk, FellBack

AWAY: Final = (
    ModelAnswerMalformed,
    ModelBusy,
    ModelKeyMissing,
    ModelKeyRefused,
    ModelKeyUnreadable,
    ModelQuotaUsedUp,
    ModelStreamCut,
    ModelTimedOut,
    ModelUnavailable,
)
"""Failures after which another model is asked. One that rejects the question is not among them."""

UNUSABLE: Final = (ModelNotLoaded, ModelUnknown)
"""Failures of a model to fall back to: whoever has set it hears of them when it is its turn."""


class Chain:
    """A chat model that stands for several, in the order in which they are asked.

    Args:
        names: Their names; at least one.
        get: Returns the model of a name, or fails as `Scope.chat` does.
    """

    def __init__(self, names: Sequence[str], get: Callable[[str], ChatModel]) -> None:
        self._names = names
        self._get = get

    @property
    def name(self) -> str:
        return self._names[0]

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Sequence[Chunk], None]:
        """Ask the models; see `port.ChatModel`."""
        for place, name in enumerate(self._names):
            begun = False
            try:
                async with aclosing(self._get(name).stream(request)) as answer:
                    async for batch in answer:
                        begun = True
                        yield batch
            except AppError as error:
                following = self._following(place, error)
                if begun or following is None:
                    raise
                step = FellBack(name, following, error.code)
                metrics.llm_fell_back(name, error.code)
            else:
                return
            yield [step]

    def _following(self, place: int, error: AppError) -> str | None:
        """Return the model to ask next, None if the failure stands."""
        away = AWAY if place == 0 else AWAY + UNUSABLE
        last = place + 1 == len(self._names)
        return None if last or not isinstance(error, away) else self._names[place + 1]
