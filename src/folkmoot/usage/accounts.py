"""Who pays for calls of models: runs, and those who ask without one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from folkmoot.kit import clock
from folkmoot.kit.ids import CallId, new_id
from folkmoot.kit.subject import NOBODY, Subject
from folkmoot.llm.billing.paying import UNPAID, Asked, Ticket, paid_by
from folkmoot.llm.names import HASH
from folkmoot.llm.port import Usage
from folkmoot.runs.live import LiveRun
from folkmoot.runs.ports import Executor
from folkmoot.runs.records import Call
from folkmoot.settings.scopes import acting_team
from folkmoot.usage.budgets import NOTHING, Amounts, Budgets, Door, Standing, most
from folkmoot.usage.errors import BudgetExceeded
from folkmoot.usage.ledger import Ledger, Row
from folkmoot.usage.limits import Asker, InForce
from folkmoot.usage.prices import Prices, Rates
from folkmoot.usage.purse import Purse

NO_MODELS: Final = frozenset({HASH})
"""What looks like a model and is a function."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Opens the account of whoever asks models."""

    prices: Prices
    ledger: Ledger
    budgets: Budgets

    def paying(self, executor: Executor) -> Executor:
        """Return an executor whose runs pay for the models that it asks."""

        async def execute(run: LiveRun) -> None:
            with paid_by(self.of_run(run)):
                await executor(run)

        return execute

    def of_run(self, run: LiveRun) -> "Account":
        """Return the account of a run."""
        return Account(self, run.subject, run)

    async def door(self, subject: Subject, agent: Asker, model: str) -> Door:
        """Return what a run of an agent, which asks a model, has to pass."""
        return await self.budgets.door(subject, agent, await self.prices.of(model))

    def of(self, subject: Subject) -> "Account":
        """Return the account of somebody who asks without a run."""
        return Account(self, subject)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who pays, and the run on whose behalf."""

    accounts: Accounts
    subject: Subject
    run: LiveRun | None = None

    @property
    def purse(self) -> Purse | None:
        """What is paid from: of a run that another has begun, that one's."""
        top = self.run
        if top is None:
            return None
        while top.parent is not None:
            top = top.parent
        if not isinstance(top.purse, Purse):
            top.purse = Purse(top)
        return top.purse

    @property
    def agent(self) -> Asker | None:
        """The agent that asks."""
        asked = {} if self.run is None else self.run.input
        named = asked.get("agent")
        return Asker(named, str(asked.get("called", ""))) if isinstance(named, str) else None

    async def admit(self, call: Asked) -> Ticket:
        """Let a call be made; see `paying.Payer`."""
        if call.model in NO_MODELS:
            return UNPAID
        rates = await self.accounts.prices.of(call.model)
        ticket = _Ticket(self, call, CallId(new_id()), clock.milliseconds(), rates)
        holding = await self.accounts.budgets.limits(self.subject, self.agent, rates)
        if holding:
            await self._reserve(ticket, most(call.most(), rates), holding)
        return ticket

    async def _reserve(self, ticket: "_Ticket", most: Amounts, holding: Sequence[InForce]) -> None:
        """Put aside what a call may cost, of the run's own limits first."""
        counted = [each for each in holding if each.counted is not None]
        purse = ticket.purse = self.purse
        if purse is None:
            await self._put_aside(ticket, most, counted)
        else:
            with purse.holding(most, [each for each in holding if each.counted is None]):
                found = await self._put_aside(ticket, most, counted)
            purse.warn(found)
        ticket.most, ticket.reserved = most, bool(counted)

    async def _put_aside(
        self, ticket: "_Ticket", most: Amounts, counted: Sequence[InForce]
    ) -> Sequence[Standing]:
        """Put aside what is counted; what may have been when this fails is given back."""
        accounts = self.accounts
        try:
            return await accounts.budgets.reserve(self.subject, ticket.id, most, counted)
        except BudgetExceeded:
            raise
        except BaseException:
            if counted:
                accounts.ledger.release(self.subject.org_id, ticket.id)
            raise

    def reused(self, model: str, how: str) -> None:
        """Write down that a call was not made; see `paying.Payer`."""
        nothing = Usage(input_tokens=0, output_tokens=0)
        asked = Asked(model, "chat", lambda: nothing)
        ticket = _Ticket(self, asked, CallId(new_id()), clock.milliseconds(), None)
        call = replace(ticket.call(nothing), micro_usd=0, cached=True)
        self.bill(call, ticket.row(call, how))

    def bill(self, call: Call, row: Row) -> None:
        """Write a call down: in the log of the run, unless that has come to its end."""
        if self.run is None or self.run.over:
            self.accounts.ledger.put(row)
        else:
            self.run.spend(call, record=row)


@dataclass(slots=True)
class _Ticket:
    """A call that is under way."""

    account: Account
    asked: Asked
    id: CallId
    at_ms: int
    rates: Rates | None
    reserved: bool = False
    most: Amounts = NOTHING
    purse: Purse | None = None
    _settled: bool = field(default=False, init=False)

    def settle(self, used: Usage | None) -> None:
        """Say what it used; see `paying.Ticket`."""
        if self._settled:
            return
        self._settled = True
        account = self.account
        if self.purse is not None:
            self.purse.held -= self.most
        if used is not None:
            call = self.call(used)
            account.bill(call, self.row(call))
        elif self.reserved:
            account.accounts.ledger.release(account.subject.org_id, self.id)

    def call(self, used: Usage) -> Call:
        """Return the call, with what it has used."""
        provider, _, model = self.asked.model.partition(":")
        return Call(
            provider=provider,
            model=model,
            input_tokens=used.input_tokens,
            output_tokens=used.output_tokens,
            cached_input_tokens=used.cached_tokens,
            reasoning_tokens=used.reasoning_tokens,
            operation=self.asked.operation,
            micro_usd=None if self.rates is None else self.rates.micro_usd(used),
            estimated=used.estimated,
        )

    def row(self, call: Call, reuse: str | None = None) -> Row:
        """Return its row in the ledger; `reuse` says why it was not made."""
        account, run = self.account, self.account.run
        subject, team_id = account.subject, acting_team(account.subject)
        return Row(
            subject.org_id,
            {
                "o": str(subject.org_id),
                "i": str(self.id),
                "a": self.at_ms,
                "u": None if subject.user_id == NOBODY else str(subject.user_id),
                "t": None if team_id is None else str(team_id),
                "g": None if account.agent is None else account.agent.id,
                "r": None if run is None else str(run.id),
                "c": None if run is None else run.thread_id,
                "p": call.provider,
                "m": call.model,
                "k": call.operation,
                "x": call.input_tokens,
                "y": call.output_tokens,
                "z": call.cached_input_tokens,
                "w": call.reasoning_tokens,
                "d": call.micro_usd,
                "f": call.estimated,
                "b": self.reserved,
                "s": reuse,
            },
        )
