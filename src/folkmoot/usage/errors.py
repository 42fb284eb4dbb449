"""Failures the usage slice can report."""

from datetime import datetime
from http import HTTPStatus

from folkmoot.kit.errors import AppError, Invalid


class BudgetExceeded(AppError):
    """A limit is used up, or what is left of it is put aside for calls that are under way.

    It is no 429: programs wait for a moment and ask again by themselves where they get that, and
    budgets are full again in days.
    """

    code = "budget_exceeded"
    status = HTTPStatus.PAYMENT_REQUIRED

    def __init__(self, limit: str, level: str, resets_at: datetime | None = None) -> None:
        until = "" if resets_at is None else f" It is full again at {resets_at.isoformat()}."
        super().__init__(
            f"The budget is used up: {limit}, set for the {level}.{until}",
            limit=limit,
            level=level,
            resets_at=None if resets_at is None else resets_at.isoformat(),
        )


class RangeInvalid(Invalid):
    """The time asked for is none, or too long."""

    code = "range_invalid"

    def __init__(self, most_days: int) -> None:
        super().__init__(
            f"`until` must not be before `since`, nor more than {most_days} days after it.",
            most_days=most_days,
        )
