"""What usage can be grouped by, and what is told of each group."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, FromClause, cast, func


class By(StrEnum):
    """What calls can be grouped by."""

    DAY = "day"
    MONTH = "month"
    PROVIDER = "provider"
    MODEL = "model"
    OPERATION = "operation"
    AGENT = "agent"
    USER = "user"
    TEAM = "team"
    CONVERSATION = "conversation"
    RUN = "run"


FIELDS: Final = {
    By.DAY: "day",
    By.MONTH: "month",
    By.PROVIDER: "provider",
    By.MODEL: "model",
    By.OPERATION: "operation",
    By.AGENT: "agent",
    By.USER: "user_id",
    By.TEAM: "team_id",
    By.CONVERSATION: "conversation_id",
    By.RUN: "run_id",
}
"""The field that tells which group it is."""

SUMMED: Final = (
    *("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens", "micro_usd"),
)
MEASURES: Final = ("calls", *SUMMED, "unpriced_calls", "estimated_calls", "cached_answers")
"""The fields that tell how much."""


def keys(used: FromClause, by: Sequence[By]) -> list[ColumnElement[Any]]:
    """Return what tells groups apart, under the names of their fields."""
    return [_key(used, each).label(FIELDS[each]) for each in by]


def _key(used: FromClause, by: By) -> ColumnElement[Any]:
    match by:
        case By.MONTH:
            return func.to_char(used.c.day, "YYYY-MM")
        case By.CONVERSATION:
            return used.c.conversation
        case other:
            return used.c[FIELDS[other]]


def measures(used: FromClause) -> list[ColumnElement[Any]]:
    """Return what is told of a group, under its name.

    Money is what is known of it: `unpriced_calls` says of how many nobody knows the price. An
    answer that was there already is no call.
    """
    return [
        cast(func.coalesce(func.sum(used.c[each]), 0), BigInteger).label(each) for each in MEASURES
    ]
