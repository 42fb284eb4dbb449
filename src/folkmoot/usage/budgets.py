"""Budgets: what a call may cost is put aside before it is made, and settled after it.

A call may be made while anything is left of every limit; so the last one may go over a limit, and
none after it. What a process has put aside counts for as long as the process lives.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg
from psycopg.rows import dict_row

from folkmoot.db.work import Connection, Database
from folkmoot.kit.ids import CallId, CounterId, ProcessId
from folkmoot.kit.subject import Subject
from folkmoot.llm.port import Usage
from folkmoot.runs.cleaning import encoded
from folkmoot.runs.errors import LeaseLost
from folkmoot.settings.budgets import Unit
from folkmoot.settings.service import Settings
from folkmoot.usage.announcing import Announcing, Reached
from folkmoot.usage.errors import BudgetExceeded
from folkmoot.usage.limits import Asker, InForce, in_force
from folkmoot.usage.prices import Rates

RESERVE: Final[LiteralString] = "SELECT * FROM budget_reserve(%s, %s, %s, %s, %s, %s::json)"
DEMAND: Final[LiteralString] = "SELECT budget_demand(%s, %s::json)"
REFUSED: Final = "P0402"
"""The state that `budget_demand` fails with; its message is the counter that is used up."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much of each unit; dollars in their millionths."""

    micro_usd: int = 0
    tokens: int = 0
    calls: int = 0

    def of(self, unit: Unit) -> int:
        """Return how much of a unit."""
        match unit:
            case Unit.USD:
                return self.micro_usd
            case Unit.TOKENS:
                return self.tokens
            case Unit.CALLS:
                return self.calls

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            self.micro_usd + other.micro_usd, self.tokens + other.tokens, self.calls + other.calls
        )

    def __sub__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            self.micro_usd - other.micro_usd, self.tokens - other.tokens, self.calls - other.calls
        )


NOTHING: Final = Amounts()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a limit stands: what has been spent of it, and what is put aside."""

    holds: InForce
    spent: Amounts
    held: Amounts

    @property
    def used(self) -> int:
        """How much is gone or put aside."""
        unit = self.holds.limit.unit
        return self.spent.of(unit) + self.held.of(unit)

    @property
    def used_up(self) -> bool:
        """Whether nothing is left."""
        return self.used >= self.holds.limit.amount

    @property
    def warned(self) -> bool:
        """Whether so much is gone that somebody should know."""
        return self.used * 100 >= self.holds.limit.amount * self.holds.warn_at

    def refusal(self) -> BudgetExceeded:
        """Return what to say to those who come when nothing is left."""
        return refusal(self.holds)


@dataclass(frozen=True, slots=True)
class Door:
    """Lets a run begin while anything is left, in the transaction that begins it."""

    subject: Subject
    holding: Sequence[InForce]
    announcing: Announcing

    async def ask(self, connection: Connection) -> None:
        """Ask whether anything is left; what the same transaction has done is undone if not."""
        if self.holding:
            asked = (self.subject.org_id, told(self.holding))
            await connection.execute(DEMAND, asked, prepare=True)

    @asynccontextmanager
    async def explained(self) -> AsyncGenerator[None]:
        """Say what it means when the answer is no, also to those who look after the limit.

        Raises:
            BudgetExceeded: A limit is used up.
        """
        try:
            yield
        except psycopg.Error as error:
            if error.sqlstate != REFUSED:
                raise
            counters = {str(each.counter_id): each for each in self.holding}
            used_up = counters[error.diag.message_primary or ""]
            await self.announcing.tell(self.subject, [Reached(used_up, used_up=True)])
            raise refusal(used_up) from None


class Budgets:
    """Puts aside what calls may cost.

    Args:
        database: Where it is counted.
        settings: Who has set limits.
        process: Returns the id under which this process lives, if it does.
    """

    def __init__(
        self, database: Database, settings: Settings, process: Callable[[], ProcessId | None]
    ) -> None:
        self._database = database
        self.settings = settings
        self._process = process
        self._announcing = Announcing(database)

    async def limits(
        self, subject: Subject, agent: Asker | None, rates: Rates | None
    ) -> Sequence[InForce]:
        """Return the limits that a call has to heed; no query while settings are remembered.

        What costs nothing is no matter of money.
        """
        found = in_force(await self.settings.of(subject), subject, agent)
        if rates is not None and rates.free:
            return [each for each in found if each.limit.unit is not Unit.USD]
        return found

    async def door(self, subject: Subject, agent: Asker, rates: Rates | None) -> Door:
        """Return what a run of an agent has to pass."""
        found = await self.limits(subject, agent, rates)
        counted = [each for each in found if each.counted is not None]
        return Door(subject, counted, self._announcing)

    async def reserve(
        self, subject: Subject, call_id: CallId, most: Amounts, holding: Sequence[InForce]
    ) -> Sequence[Standing]:
        """Put aside what a call may cost; return how the limits stood before. None is no query.

        Raises:
            BudgetExceeded: Nothing is left of one. Then nothing is put aside.
            LeaseLost: This process is taken for dead.
        """
        if not holding:
            return ()
        process_id = self._process()
        if process_id is None:
            raise LeaseLost
        asked = (subject.org_id, call_id, process_id, most.micro_usd, most.tokens)
        async with self._database.pipelined(subject) as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(RESERVE, (*asked, told(holding)), prepare=True)
        found = list(standings(holding, await cursor.fetchall()))
        reached = [Reached(each.holds, each.used_up, each.used) for each in found if each.warned]
        await self._announcing.tell(subject, reached)
        for each in sorted(found, key=_last_full):
            if each.used_up:
                raise each.refusal()
        return found


def refusal(holds: InForce) -> BudgetExceeded:
    """Return what to say when nothing is left of a limit."""
    return BudgetExceeded(holds.limit.text, holds.level, holds.window.ends_at)


def most(used: Usage, rates: Rates | None) -> Amounts:
    """Return what a call may take at the most."""
    cost = 0 if rates is None else rates.micro_usd(used)
    return Amounts(cost, used.input_tokens + used.output_tokens, 1)


def _last_full(standing: Standing) -> float:
    """Sort what is full again last to the beginning."""
    ends_at = standing.holds.window.ends_at
    return float("-inf") if ends_at is None else -ends_at.timestamp()


def standings(holding: Sequence[InForce], rows: Iterable[dict[str, Any]]) -> Iterable[Standing]:
    """Yield how limits stand, by what the database tells of their counters."""
    by_counter = {row["counter_id"]: row for row in rows}
    for each in holding:
        row = by_counter[each.counter_id]
        yield Standing(
            each,
            Amounts(row["spent_micro_usd"], row["spent_tokens"], row["spent_calls"]),
            Amounts(row["held_micro_usd"], row["held_tokens"], row["held_calls"]),
        )


def told(holding: Sequence[InForce]) -> str:
    """Return limits as the functions of the database take them: a row for each counter."""
    rows: dict[CounterId, dict[str, object]] = {}
    for each in holding:
        if each.counted is None:
            continue
        counter_id, counted = each.counted.id(each.window), each.counted
        row = rows.setdefault(
            counter_id,
            {
                "i": counter_id,
                "u": counted.user_id,
                "t": counted.team_id,
                "g": counted.agent,
                "s": each.window.starts_at,
                "e": each.window.ends_at,
            },
        )
        name = {Unit.USD: "m", Unit.TOKENS: "k", Unit.CALLS: "n"}[each.limit.unit]
        before = row.get(name)
        row[name] = min(before, each.limit.amount) if isinstance(before, int) else each.limit.amount
    return encoded(list(rows.values())).decode()
