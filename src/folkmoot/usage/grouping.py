"""What usage can be grouped by, and what is told of each group."""

from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Date, cast, func

from folkmoot.usage.models import ModelCall


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


def keys(zone: str) -> dict[By, ColumnElement[Any]]:
    """Return what tells a call's groups; days and months are those of a time zone."""
    there = func.timezone(zone, ModelCall.at)
    return {
        By.DAY: cast(there, Date),
        By.MONTH: func.to_char(there, "YYYY-MM"),
        By.PROVIDER: ModelCall.provider.expression,
        By.MODEL: ModelCall.model.expression,
        By.OPERATION: ModelCall.operation.expression,
        By.AGENT: ModelCall.agent.expression,
        By.USER: ModelCall.user_id.expression,
        By.TEAM: ModelCall.team_id.expression,
        By.CONVERSATION: ModelCall.conversation.expression,
        By.RUN: ModelCall.run_id.expression,
    }


def measures() -> dict[str, ColumnElement[Any]]:
    """Return what is told of a group of calls, under its name.

    Money is what is known of it: `unpriced_calls` says of how many nobody knows the price. An
    answer that was there already is no call.
    """
    sums = {name: func.coalesce(func.sum(getattr(ModelCall, name)), 0) for name in SUMMED}
    return {
        "calls": func.count().filter(ModelCall.reuse.is_(None)),
        **{name: cast(total, BigInteger) for name, total in sums.items()},
        "unpriced_calls": func.count().filter(ModelCall.micro_usd.is_(None)),
        "estimated_calls": func.count().filter(ModelCall.estimated),
        "cached_answers": func.count().filter(ModelCall.reuse.is_not(None)),
    }
