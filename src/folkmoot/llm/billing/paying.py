"""Who pays for calls of models: whoever is said to around them.

Every call that reaches a provider asks its payer first, and tells it afterwards what was used. A
call without a payer is nobody's: those by which a process looks whether a model is of any use.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from folkmoot.llm.port import Usage

Operation = Literal["chat", "embeddings", "rerank"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that is about to be made.

    Attributes:
        model: The model's name, with its provider's.
        most: Returns what it may use at the most, as far as that can be told; looking costs.
    """

    model: str
    operation: Operation
    most: Callable[[], Usage]


class Ticket(Protocol):
    """A call that may be made."""

    def settle(self, used: Usage | None) -> None:
        """Say what it used; None if it came to nothing. Never waits; only the first word counts."""
        ...


class Payer(Protocol):
    """Whoever pays."""

    async def admit(self, call: Asked) -> Ticket:
        """Let a call be made.

        Raises:
            AppError: It may not be made.
        """
        ...

    def reused(self, model: str, how: str) -> None:
        """Take note that a model was not called, as its answer was there. Never waits."""
        ...


class Unpaid:
    """The ticket of a call that nobody pays."""

    def settle(self, used: Usage | None) -> None:
        """Forget it."""


UNPAID: Final = Unpaid()

_payer: Final[ContextVar[Payer | None]] = ContextVar("folkmoot_payer", default=None)


@contextmanager
def paid_by(payer: Payer) -> Generator[None]:
    """Let somebody pay for the calls of a block, and of the tasks that are started inside."""
    token = _payer.set(payer)
    try:
        yield
    finally:
        _payer.reset(token)


def paid() -> bool:
    """Whether somebody pays for what is called here."""
    return _payer.get() is not None


async def admitted(call: Asked) -> Ticket:
    """Ask whoever pays; see `Payer.admit`."""
    payer = _payer.get()
    return UNPAID if payer is None else await payer.admit(call)


def reused(model: str, how: str) -> None:
    """Tell whoever pays that there is nothing to pay; see `Payer.reused`."""
    payer = _payer.get()
    if payer is not None:
        payer.reused(model, how)
