"""What the usage slice gives out."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from folkmoot.kit.ids import RunId, TeamId, UserId
from folkmoot.kit.page import Page
from folkmoot.kit.schema import Schema
from folkmoot.settings.budgets import Per, Period
from folkmoot.settings.resolver import Level

ID = "9f86d081884c7d659a2feaa0c55ad015"


class UsageTotal(Schema):
    """How much was used. Money is what is known of it."""

    calls: int = Field(examples=[12])
    input_tokens: int = Field(examples=[9800], description="Those from a cache among them.")
    output_tokens: int = Field(examples=[1200], description="Those of reasoning among them.")
    cached_input_tokens: int = Field(examples=[4000])
    reasoning_tokens: int = Field(examples=[300])
    micro_usd: int = Field(
        description="Cost, in millionths of a US dollar.",
        examples=[41200],
    )
    unpriced_calls: int = Field(
        description="Calls of models whose price is not known; they are not in `micro_usd`.",
        examples=[0],
    )
    estimated_calls: int = Field(
        description="Calls whose tokens the provider did not tell.", examples=[0]
    )
    cached_answers: int = Field(
        description="Answers for which no model was called, as they were there already.",
        examples=[3],
    )


class UsageRead(UsageTotal):
    """What one group has used. What it is not grouped by is null, and what is not known."""

    id: str = Field(description="Tells groups apart.", examples=[ID])
    day: date | None = Field(default=None, examples=["2026-11-21"])
    month: str | None = Field(default=None, examples=[None])
    provider: str | None = Field(default=None, examples=[None])
    model: str | None = Field(default=None, examples=["gpt-5"])
    operation: str | None = Field(default=None, examples=[None])
    agent: str | None = Field(
        default=None, description="Id of the agent, as its runs name it.", examples=[None]
    )
    user_id: UserId | None = Field(default=None, examples=[None])
    team_id: TeamId | None = Field(default=None, examples=[None])
    conversation_id: str | None = Field(default=None, examples=[None])
    run_id: RunId | None = Field(default=None, examples=[None])


class UsagePage(Page[UsageRead]):
    """A page of groups, and the sums over all of them."""

    total: UsageTotal
    currency: Literal["USD"] = "USD"
    since: datetime
    until: datetime
    time_zone: str = Field(description="Whose days and months these are.", examples=["UTC"])


class BudgetState(StrEnum):
    """How a limit stands."""

    OK = "ok"
    WARNING = "warning"
    EXCEEDED = "exceeded"


class BudgetRead(Schema):
    """A limit, whose calls it counts, and how it stands. Amounts are in `unit`.

    One of each run is counted there: nothing is told here of how it stands.
    """

    id: str = Field(examples=[ID])
    limit: str = Field(description="As it was set.", examples=["20 usd/month per user"])
    level: Level = Field(description="Who has set it.")
    unit: Literal["micro_usd", "tokens", "calls"]
    amount: int = Field(examples=[20000000])
    period: Period
    per: Per | None = Field(description="What it is counted for apart.")
    user_id: UserId | None = Field(description="Whose calls are counted, if not everybody's.")
    team_id: TeamId | None = Field(examples=[None])
    agent: str | None = Field(description="Id of the agent.", examples=[None])
    spent: int | None = Field(examples=[4120000])
    reserved: int | None = Field(
        description="Put aside for calls that are under way.", examples=[0]
    )
    left: int | None = Field(examples=[15880000])
    warn_at: int = Field(
        description="The amount from which on runs are warned.", examples=[16000000]
    )
    state: BudgetState | None
    starts_at: datetime | None = Field(
        description="Since when it is counted; null for ever.", examples=["2026-11-01T00:00:00Z"]
    )
    resets_at: datetime | None = Field(
        description="When it is full again; null for never.", examples=["2026-12-01T00:00:00Z"]
    )
