"""What a question uses over all the calls to its provider that it takes, some of them in vain.

A question may be sent in parts, and each part again after a failure. A call costs what its provider
tells. One of which nothing is told costs what we guess if it was answered, or if we left while the
provider worked on it; what never reached a provider, and what it refused or broke off, costs
nothing. Formats tell what they read, the transport what it sent, and neither knows who pays.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from folkmoot.llm.errors import ModelDeadlineExceeded, ModelTimedOut
from folkmoot.llm.port import Usage

LEFT: Final = (asyncio.CancelledError, ModelDeadlineExceeded, ModelTimedOut)
"""How a call ends that we leave while the provider works on it."""


class Meter:
    """Adds up the calls that one question takes; `calls` counts those that were noted."""

    __slots__ = ("calls", "used")

    def __init__(self) -> None:
        self.calls = 0
        self.used: Usage | None = None

    def add(self, used: Usage | None) -> None:
        """Add what one call has used, if anything."""
        self.calls += 1
        self.used = together(self.used, used)


class Noted:
    """One call: whether it was sent and answered, and what was told of it."""

    __slots__ = ("answered", "sent", "told")

    def __init__(self) -> None:
        self.sent = False
        self.answered = False
        self.told: Usage | None = None


_meter: Final[ContextVar[Meter | None]] = ContextVar("folkmoot_meter", default=None)
_noted: Final[ContextVar[Noted | None]] = ContextVar("folkmoot_noted", default=None)


@contextmanager
def counting() -> Generator[Meter]:
    """Add up the calls of a block."""
    meter = Meter()
    token = _meter.set(meter)
    try:
        yield meter
    finally:
        _meter.reset(token)


@contextmanager
def beginning(guess: Callable[[], Usage]) -> Generator[Noted]:
    """Note the beginning of a call, in case that it ends here; `guess` says what it has used then.

    What follows a good beginning is told by whoever goes on with it.
    """
    meter, noted = _meter.get(), Noted()
    token = _noted.set(noted)
    try:
        yield noted
    except BaseException as error:
        if meter is not None:
            left = noted.sent and isinstance(error, LEFT)
            meter.add(noted.told or (guess() if left or noted.answered else None))
        raise
    finally:
        _noted.reset(token)


@contextmanager
def call(guess: Callable[[], Usage]) -> Generator[None]:
    """Note a whole call; `guess` says what it has used if its provider does not."""
    with beginning(guess) as noted:
        yield
    meter = _meter.get()
    if meter is not None:
        meter.add(noted.told or guess())


def sent() -> None:
    """Say that the request of the call is on its way to the provider."""
    noted = _noted.get()
    if noted is not None:
        noted.sent = True


def answered() -> None:
    """Say that the provider has answered the call, whatever its answer is good for."""
    noted = _noted.get()
    if noted is not None:
        noted.answered = True


def refused() -> None:
    """Say that the provider does not work on the call, though it was sent."""
    noted = _noted.get()
    if noted is not None:
        noted.sent = False


def tell(tokens: int | None) -> None:
    """Say how many tokens the provider has told for texts that it was given, if it has."""
    noted = _noted.get()
    if noted is not None and tokens is not None:
        noted.told = Usage(input_tokens=tokens, output_tokens=0)


def together(one: Usage | None, other: Usage | None) -> Usage | None:
    """Return the sum, an estimate if one of them is."""
    if one is None or other is None:
        return one or other
    return Usage(
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cached_tokens=one.cached_tokens + other.cached_tokens,
        written_tokens=one.written_tokens + other.written_tokens,
        reasoning_tokens=one.reasoning_tokens + other.reasoning_tokens,
        estimated=one.estimated or other.estimated,
    )
