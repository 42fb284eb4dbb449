"""What a report sums up: whole days that are summed already, and the ledger for what is left.

The same statement looks how far days are summed, so that nothing is told twice or not at all.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Select,
    case,
    cast,
    column,
    func,
    select,
    union_all,
)

from folkmoot.usage.grouping import SUMMED
from folkmoot.usage.models import USAGE_DAYS, ModelCall

TOLD: Final = ("provider", "model", "operation", "agent", "user_id", "team_id")
"""What both the ledger and its sums tell apart."""
OF_RUNS: Final = ("conversation", "run_id")
"""What the ledger alone does."""

Where = Callable[[Any], Sequence[ColumnElement[bool]]]
"""Returns what has to be true of rows, by their columns."""


def ledger(org_id: Any, since: Any, until: Any, zone: str, where: Where) -> FromClause:  # noqa: ANN401 - values, or queries for them
    """Return the calls of a time."""
    return _calls(org_id, since, until, zone, where, OF_RUNS).subquery("used")


def summed(org_id: Any, since: Any, until: Any, zone: str, where: Where) -> FromClause:  # noqa: ANN401 - as above
    """Return the calls of a time, those of days that are summed up in this zone as their sums."""
    found = func.usage_whole(org_id, zone, since, until).table_valued(
        column("first", DateTime(timezone=True)), column("past", DateTime(timezone=True))
    )
    whole = select(found.c.first, found.c.past).cte("whole").prefix_with("MATERIALIZED")
    first, past = select(whole.c.first).scalar_subquery(), select(whole.c.past).scalar_subquery()
    days = USAGE_DAYS.c
    of_days = select(
        days.day,
        *(days[name] for name in TOLD),
        days.calls,
        *(days[name] for name in SUMMED),
        days.unpriced_calls,
        days.estimated_calls,
        days.cached_answers,
    ).where(days.org_id == org_id, days.starts_at >= first, days.starts_at < past, *where(days))
    return union_all(
        _calls(org_id, since, first, zone, where),
        of_days,
        _calls(org_id, past, until, zone, where),
    ).subquery("used")


def _calls(
    org_id: Any,  # noqa: ANN401 - as above
    since: Any,  # noqa: ANN401 - as above
    until: Any,  # noqa: ANN401 - as above
    zone: str,
    where: Where,
    more: Sequence[str] = (),
) -> Select[*tuple[Any, ...]]:
    """Return the calls of a time, each as the sum that it is."""
    told: Select[*tuple[Any, ...]] = select(
        cast(func.timezone(zone, ModelCall.at), Date).label("day"),
        *(getattr(ModelCall, name) for name in (*TOLD, *more)),
        _one(ModelCall.reuse.is_(None)).label("calls"),
        *(getattr(ModelCall, name) for name in SUMMED),
        _one(ModelCall.micro_usd.is_(None)).label("unpriced_calls"),
        _one(ModelCall.estimated.expression).label("estimated_calls"),
        _one(ModelCall.reuse.is_not(None)).label("cached_answers"),
    )
    return told.where(
        ModelCall.org_id == org_id,
        ModelCall.at >= since,
        ModelCall.at < until,
        *where(ModelCall),
    )


def _one(true: ColumnElement[bool]) -> ColumnElement[int]:
    return cast(case((true, 1), else_=0), BigInteger)
