"""Pages: a list of items and the cursor that continues it.

A cursor names its list, its order and the last row's place in it. Whoever makes one up sees no more
than without: it chooses where to begin in a list of one's own.
"""

import binascii
import operator
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec
import orjson
from pydantic import Field, StringConstraints

from folkmoot.kit.errors import Invalid
from folkmoot.kit.schema import Schema

T = TypeVar("T")

DESCENDING: Final = "-"

Limit = Annotated[int, Field(ge=1, le=100, description="How many items to return at most.")]
Cursor = Annotated[
    str,
    Field(max_length=4_000, description="The `next_cursor` of the page before, in the same order."),
]


Words = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$"),
]


class CursorInvalid(Invalid):
    code = "cursor_invalid"

    def __init__(self) -> None:
        super().__init__("The cursor is not one that this list has given out in this order.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asks of a list; a `sort` that begins with `-` turns the order round."""

    sort: str
    limit: int = 20
    cursor: str | None = None

    @property
    def field(self) -> str:
        """What the list is ordered by."""
        return self.sort.removeprefix(DESCENDING)

    @property
    def descending(self) -> bool:
        """Whether the last comes first."""
        return self.sort.startswith(DESCENDING)


class Page(Schema, Generic[T]):
    """One page; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None = Field(examples=[None])


def cut(listing: str, items: Iterable[T], asked: Asked, key: Callable[[T], str]) -> Page[T]:
    """Return a page of items which are all at hand, and which their keys tell apart."""
    ordered = sorted(items, key=key, reverse=asked.descending)
    if asked.cursor is not None:
        place = unseal(listing, asked)
        if len(place) != 1:
            raise CursorInvalid
        follows = operator.lt if asked.descending else operator.gt
        ordered = [each for each in ordered if follows(key(each), place[0])]
    kept = ordered[: asked.limit]
    more = len(ordered) > len(kept)
    return Page(items=kept, next_cursor=seal(listing, asked, key(kept[-1])) if more else None)


def seal(listing: str, asked: Asked, *place: str) -> str:
    """Return the cursor of a place in a list."""
    text = orjson.dumps([listing, asked.sort, *place])
    return urlsafe_b64encode(text).rstrip(b"=").decode()


def unseal(listing: str, asked: Asked) -> list[str]:
    """Return the place that a cursor names; fails with `CursorInvalid` for one of another list."""
    encoded = (asked.cursor or "").encode()
    try:
        found: Any = orjson.loads(urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4)))
        texts = msgspec.convert(found, list[str])
    except (binascii.Error, ValueError, msgspec.ValidationError):
        raise CursorInvalid from None
    if texts[:2] != [listing, asked.sort] or "\0" in "".join(texts):
        raise CursorInvalid
    return texts[2:]
