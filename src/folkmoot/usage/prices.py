"""What calls of models cost, in millionths of a US dollar, as whole numbers.

A deployment's own prices come first, then the book of public ones, which is loaded when somebody
first asks a model that may stand in it. Embedders and models that run in the process are free.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from folkmoot.kit import clock
from folkmoot.llm.names import LOCAL, OFFLINE
from folkmoot.llm.port import Usage

FREE: Final = frozenset({LOCAL, OFFLINE})
"""Providers that are part of this process."""

REMEMBERED: Final = 1_000
"""Models at the most: their names come from users."""

NONE: Final = Decimal(0)
DOLLAR: Final = 1_000_000
"""Both the tokens that a price is for, and the millionths that costs are told in."""


@dataclass(frozen=True, slots=True)
class Steps:
    """A price in dollars per million tokens, and others that hold from more tokens of input on."""

    base: Decimal
    above: tuple[tuple[int, Decimal], ...] = ()

    def at(self, input_tokens: int) -> Decimal:
        """Return the price for a call with so much input."""
        return next((price for start, price in self.above if input_tokens > start), self.base)


@dataclass(frozen=True, slots=True)
class Rates:
    """What a model costs.

    Input that it had read before, and input that is kept for the next call, cost what other input
    does where nothing else is said. `call` is what each call costs besides, in dollars.
    """

    input: Steps = Steps(NONE)
    output: Steps = Steps(NONE)
    cached: Steps | None = None
    written: Steps | None = None
    call: Decimal = NONE

    @property
    def free(self) -> bool:
        """Whether no call costs anything."""
        return self == FOR_NOTHING

    def micro_usd(self, used: Usage) -> int:
        """Return the cost of a call."""
        told = used.input_tokens
        cached = min(used.cached_tokens, told)
        written = min(used.written_tokens, told - cached)
        # Dollars per million tokens are millionths of a dollar per token.
        cost = (
            self.input.at(told) * (told - cached - written)
            + (self.cached or self.input).at(told) * cached
            + (self.written or self.input).at(told) * written
            + self.output.at(told) * used.output_tokens
            + self.call * DOLLAR
        )
        return int(cost.to_integral_value(ROUND_HALF_UP))


FOR_NOTHING: Final = Rates()

Book = Callable[[str, str, date], Rates | None]
"""Returns what a provider's model costs on a day, or None if that is not known."""


class Prices:
    """Knows what models cost.

    Args:
        own: The deployment's own prices by `provider:model`; one that ends with `*` is for every
            name that begins so, and the longest of these counts.
        load: Loads the book of public prices; it takes a while and is done in a thread.
    """

    def __init__(self, own: Mapping[str, Rates], load: Callable[[], Book]) -> None:
        self._own = {name: rates for name, rates in own.items() if not name.endswith("*")}
        families = {name[:-1]: rates for name, rates in own.items() if name.endswith("*")}
        self._families = sorted(families.items(), key=lambda each: -len(each[0]))
        self._load = load
        self._book: Book | None = None
        self._loading: asyncio.Task[Book] | None = None
        self._known: dict[tuple[str, date], Rates | None] = {}

    async def of(self, name: str) -> Rates | None:
        """Return what a model costs, or None if that is not known."""
        known = self._at_hand(name)
        if known is not None:
            return known
        if self._book is None:
            self._book = await self._loaded()
        today = clock.now().date()
        key = name, today
        if key not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            provider, _, model = name.partition(":")
            self._known[key] = self._book(provider, model, today)
        return self._known[key]

    async def warm(self) -> None:
        """Load the book of public prices, so that no call has to wait for it."""
        self._book = self._book or await self._loaded()

    def _at_hand(self, name: str) -> Rates | None:
        if name in self._own:
            return self._own[name]
        for beginning, rates in self._families:
            if name.startswith(beginning):
                return rates
        return FOR_NOTHING if name.partition(":")[0] in FREE else None

    async def _loaded(self) -> Book:
        """Load the book once, however many ask at the same time, and whoever of them leaves."""
        if self._loading is None or self._loading.cancelled():
            loop = asyncio.get_running_loop()
            self._loading = loop.create_task(asyncio.to_thread(self._load), name="prices")
        return await asyncio.shield(self._loading)
