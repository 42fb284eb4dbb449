"""What one run may spend: counted in the process that executes it, and told by its log.

A run is executed by one process at a time, which knows from the log what it has spent before.
"""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from folkmoot.runs.live import LiveRun
from folkmoot.usage.budgets import NOTHING, Amounts, Standing
from folkmoot.usage.limits import InForce

BUDGET_WARNED: Final = "budget.warned"
"""Event: much of a limit is gone. It is told once in a run."""


@dataclass(slots=True)
class Purse:
    """The money of a run, and what of it is put aside for calls that are under way."""

    run: LiveRun
    held: Amounts = NOTHING
    _warned: set[InForce] = field(default_factory=set[InForce])

    @property
    def spent(self) -> Amounts:
        """What the run has spent, in all processes."""
        total = self.run.total
        tokens = sum(each.input_tokens + each.output_tokens for each in total.usage.values())
        return Amounts(total.micro_usd, tokens, total.model_calls)

    @contextmanager
    def holding(self, most: Amounts, limits: Iterable[InForce]) -> Generator[None]:
        """Put aside what a call may cost, unless what is in the block fails.

        Raises:
            BudgetExceeded: One of the run's own limits is used up.
        """
        standings = [Standing(each, self.spent, self.held) for each in limits]
        for each in standings:
            if each.used_up:
                raise each.refusal()
        self.held += most
        try:
            yield
        except BaseException:
            self.held -= most
            raise
        self.warn(standings)

    def warn(self, standings: Iterable[Standing]) -> None:
        """Write into the log which limits are nearly used up, once of each."""
        for each in standings:
            holds = each.holds
            if not each.warned or holds in self._warned:
                continue
            self._warned.add(holds)
            ends_at = holds.window.ends_at
            told: dict[str, object] = {
                "limit": holds.limit.text,
                "level": holds.level,
                "used": each.used,
                "amount": holds.limit.amount,
                "unit": holds.limit.counted_in,
                "resets_at": None if ends_at is None else ends_at.isoformat(),
            }
            self.run.announce(BUDGET_WARNED, told)
