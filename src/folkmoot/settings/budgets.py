"""Limits of budgets as people write them: `500 usd/month`, `20 usd/month per user`."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal

WRITTEN: Final = (
    r"^(\d{1,9}(\.\d{1,6})? usd|\d{1,15} (tokens|calls))(/(day|month))?"
    r"( per (team|user|run|agent( [a-z0-9][a-z0-9_-]{0,63})?))?$"
)
_PARTS: Final = re.compile(r"([\d.]+) (\w+)(?:/(\w+))?(?: per (\w+)(?: ([\w-]+))?)?")

MILLIONTHS: Final = 1_000_000


class Unit(StrEnum):
    """What is counted; dollars in their millionths."""

    USD = "usd"
    TOKENS = "tokens"
    CALLS = "calls"


class Period(StrEnum):
    """How long it is counted for."""

    DAY = "day"
    MONTH = "month"
    TOTAL = "total"


class Per(StrEnum):
    """For whom or what it is counted apart; otherwise for all of those that the layer is of."""

    TEAM = "team"
    USER = "user"
    RUN = "run"
    AGENT = "agent"


AMOUNTS: Final[dict[Unit, Literal["micro_usd", "tokens", "calls"]]] = {
    Unit.USD: "micro_usd",
    Unit.TOKENS: "tokens",
    Unit.CALLS: "calls",
}
"""What amounts of a unit are told in."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of what may be used. `agent` is the only one that is meant, if it is named."""

    text: str
    amount: int
    unit: Unit
    period: Period = Period.TOTAL
    per: Per | None = None
    agent: str | None = None

    @property
    def counted_in(self) -> Literal["micro_usd", "tokens", "calls"]:
        """What `amount` is in."""
        return AMOUNTS[self.unit]


@lru_cache(1_000)
def parse(text: str) -> Limit:
    """Read a limit. It has to be of the form `WRITTEN`."""
    found = _PARTS.fullmatch(text)
    if found is None:
        raise ValueError("it must be like 500 usd/month or 20000 tokens/day per user")
    amount, unit, period, per, agent = found.groups()
    scale = MILLIONTHS if unit == Unit.USD else 1
    return Limit(
        text,
        int(Decimal(amount) * scale),
        Unit(unit),
        Period(period or Period.TOTAL),
        Per(per) if per else None,
        agent,
    )


def monthly_usd(amount: float) -> Limit:
    """Return a limit of dollars in a month."""
    return parse(f"{Decimal(str(amount)).normalize():f} usd/month")


def daily_calls(count: int) -> Limit:
    """Return a limit of calls in a day."""
    return parse(f"{count} calls/day")
