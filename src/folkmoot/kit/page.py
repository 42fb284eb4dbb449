"""Keyset pages: a list of items and the cursor that continues it."""

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, Field

T = TypeVar("T")

Limit = Annotated[int, Field(ge=1, le=100, description="How many items to return at most.")]


class Page(BaseModel, Generic[T]):
    """One page; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None = Field(examples=[None])


def cut(rows: Sequence[T], limit: int, key: Callable[[T], object]) -> Page[T]:
    """Build a page from up to `limit + 1` rows."""
    items = list(rows[:limit])
    return Page(items=items, next_cursor=str(key(items[-1])) if len(rows) > limit else None)
