"""Tables of the usage slice."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.db.model import Model, OrgScoped
from folkmoot.kit.ids import CallId, CounterId, ProcessId, RunId, TeamId, UserId


class ModelCall(Model, OrgScoped, kw_only=True):
    """One call of a model, as it was billed. A row is never changed, but may lose its user.

    `micro_usd` is None where no price is known, `estimated` that the provider told no tokens.
    `agent`, `run_id` and `conversation` are of the run that asked, if one did. `reuse` says that no
    model was called, as there was an answer already, and how it was found.
    """

    __tablename__ = "model_calls"
    __table_args__ = (
        Index("ix_model_calls_at", "org_id", "at"),
        Index("ix_model_calls_user", "org_id", "user_id", "at"),
    )

    id: Mapped[CallId] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    user_id: Mapped[UserId | None]
    team_id: Mapped[TeamId | None]
    agent: Mapped[str | None]
    run_id: Mapped[RunId | None]
    conversation: Mapped[str | None]
    provider: Mapped[str]
    model: Mapped[str]
    operation: Mapped[str]
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    cached_input_tokens: Mapped[int]
    reasoning_tokens: Mapped[int]
    micro_usd: Mapped[int | None]
    estimated: Mapped[bool]
    reuse: Mapped[str | None] = mapped_column(default=None)


class UsageBook(Model, OrgScoped, kw_only=True):
    """How far an organisation's ledger is summed up, and in which time zone's days.

    What is called before `closed_until` is told by `USAGE_DAYS`, up to the last whole day. No zone
    means that nothing is.
    """

    __tablename__ = "usage_books"

    zone: Mapped[str]
    closed_until: Mapped[datetime]


USAGE_LATE = Table(
    "usage_late",
    Model.metadata,
    Column("org_id", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("ix_usage_late_at", "org_id", "at"),
)
"""When calls were made of which the ledger was told late. From the first of them on days count as
open, whatever the book says, until they are summed again. No key: rows wait for nobody."""

USAGE_DAYS = Table(
    "usage_days",
    Model.metadata,
    Column("org_id", Uuid, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("day", Date, nullable=False),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("agent", Text),
    Column("user_id", Uuid),
    Column("team_id", Uuid),
    Column("calls", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cached_input_tokens", BigInteger, nullable=False),
    Column("reasoning_tokens", BigInteger, nullable=False),
    Column("micro_usd", BigInteger, nullable=False),
    Column("unpriced_calls", BigInteger, nullable=False),
    Column("estimated_calls", BigInteger, nullable=False),
    Column("cached_answers", BigInteger, nullable=False),
    Index("ix_usage_days_starts_at", "org_id", "starts_at"),
)
"""What was used in one day, told apart by all that reports tell apart, but for runs. No key: rows
are written a day at a time, and lose their user like those of the ledger."""


class BudgetCounter(Model, OrgScoped, kw_only=True):
    """What has been spent of one thing that is limited, in one day, month or for ever.

    `id` follows from what is counted and when; what is None is not told apart. What calls have cost
    since somebody last reserved stands in `BudgetReservation`.
    """

    __tablename__ = "budget_counters"

    id: Mapped[CounterId] = mapped_column(primary_key=True)
    user_id: Mapped[UserId | None]
    team_id: Mapped[TeamId | None]
    agent: Mapped[str | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    micro_usd: Mapped[int]
    tokens: Mapped[int]
    calls: Mapped[int]


class BudgetReservation(Model, OrgScoped, kw_only=True):
    """What a call that is under way may cost of a counter, or what it did cost once `settled`."""

    __tablename__ = "budget_reservations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "counter_id"],
            ["budget_counters.org_id", "budget_counters.id"],
            ondelete="CASCADE",
        ),
        Index("ix_budget_reservations_counter", "org_id", "counter_id"),
    )

    call_id: Mapped[CallId] = mapped_column(primary_key=True)
    counter_id: Mapped[CounterId] = mapped_column(primary_key=True)
    process_id: Mapped[ProcessId]
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    micro_usd: Mapped[int]
    tokens: Mapped[int]
    settled: Mapped[bool] = mapped_column(server_default=text("false"))
