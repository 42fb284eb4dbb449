"""Asking again after a failure that may pass."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from folkmoot.llm.config import Retries
from folkmoot.llm.connection.deadline import Deadline
from folkmoot.llm.errors import ModelError, ModelUnavailable

T = TypeVar("T")
JITTER: Final = random.SystemRandom()
log = structlog.get_logger(__name__)


async def until_answered(
    attempt: Callable[[], Awaitable[T]], retries: Retries, deadline: Deadline
) -> T:
    """Return the first success.

    Pauses grow exponentially with full jitter; one that the provider asks for is kept exactly.
    When the pause would outlast the deadline, the failure stands at once.

    Raises:
        ModelError: the last failure.
    """
    for number in range(1, retries.attempts):
        try:
            return await attempt()
        except ModelError as error:
            pause = _pause(error, number, retries)
            if not error.retryable or pause >= deadline.left():
                raise
            log.warning("model.retried", model=error.model, code=error.code, pause=round(pause, 3))
        await asyncio.sleep(pause)
    return await attempt()


def _pause(error: ModelError, number: int, retries: Retries) -> float:
    longest = min(retries.longest_pause, retries.first_pause * 2 ** (number - 1))
    jittered = JITTER.uniform(0, longest)
    if isinstance(error, ModelUnavailable) and error.wait is not None:
        return error.wait + jittered / 10
    return jittered
