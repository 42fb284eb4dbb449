"""Lists cut into pages by the place of the last row, with the id as the last word.

Whatever is added or removed meanwhile, no row comes twice and none is passed over; and the last
page costs what the first one does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar, TypeVarTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, literal, or_, tuple_
from sqlalchemy.orm import ColumnProperty, InstrumentedAttribute

from folkmoot.db.work import PersonalWork, Work
from folkmoot.kit.page import Asked, CursorInvalid, Page, seal, unseal

R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Slice(Generic[R]):
    """The rows of one page, and how it goes on."""

    rows: Sequence[R]
    next_cursor: str | None

    def page(self, items: list[T]) -> Page[T]:
        """Return the page that shows these rows."""
        return Page(items=items, next_cursor=self.next_cursor)


class Listing:
    """A list and the orders it can be had in.

    Args:
        name: The list's name, so that no other's cursor counts.
        id_: What tells rows apart; ids are made in the order of time.
        orders: The columns to sort by, which are never null: times, numbers, and texts without
            regard to case. One that is the id is the order in which rows were made; of a text that
            is generated, the case has been taken out.
    """

    def __init__(
        self,
        name: str,
        id_: InstrumentedAttribute[Any],
        orders: Mapping[str, InstrumentedAttribute[Any]],
    ) -> None:
        self._name = name
        self._id = id_
        self._orders = orders

    async def slice(
        self, work: Work | PersonalWork, statement: Select[R], asked: Asked
    ) -> Slice[R]:
        """Return a page of the things that a statement selects.

        Raises:
            CursorInvalid: The cursor is of another list or order, or of none.
        """
        bounded = self._bounded(statement, asked)
        return self._cut((await work.session.scalars(bounded)).all(), asked)

    async def joined(
        self, work: Work | PersonalWork, statement: Select[*Ts], asked: Asked
    ) -> Slice[Row[*Ts]]:
        """Do the same for a statement that selects columns: the id, the orders and others.

        Raises:
            CursorInvalid: The cursor is of another list or order, or of none.
        """
        bounded = self._bounded(statement, asked)
        return self._cut((await work.session.execute(bounded)).all(), asked)

    def _bounded(self, statement: Select[*Ts], asked: Asked) -> Select[*Ts]:
        """Return a statement for the rows of a page, and one more if there is one."""
        places = self._places(asked)
        if asked.cursor is not None:
            here, there = tuple_(*places), tuple_(*self._read(asked))
            statement = statement.where(here < there if asked.descending else here > there)
        ordered = [place.desc() if asked.descending else place.asc() for place in places]
        return statement.order_by(*ordered).limit(asked.limit + 1)

    def _cut(self, rows: Sequence[R], asked: Asked) -> Slice[R]:
        if len(rows) <= asked.limit:
            return Slice(rows, None)
        kept = rows[: asked.limit]
        return Slice(kept, seal(self._name, asked, *self._written(kept[-1], asked)))

    def _places(self, asked: Asked) -> list[ColumnElement[Any]]:
        column = self._orders[asked.field]
        if column is self._id:
            return [self._id.expression]
        return [_comparable(column, column.expression), self._id.expression]

    def _written(self, row: object, asked: Asked) -> list[str]:
        column = self._orders[asked.field]
        columns = [self._id] if column is self._id else [column, self._id]
        values = [getattr(row, each.key) for each in columns]
        return [each.isoformat() if isinstance(each, datetime) else str(each) for each in values]

    def _read(self, asked: Asked) -> list[ColumnElement[Any]]:
        column = self._orders[asked.field]
        place = unseal(self._name, asked)
        columns = [self._id] if column is self._id else [column, self._id]
        if len(place) != len(columns):
            raise CursorInvalid
        try:
            values = [_value(each, text) for each, text in zip(columns, place, strict=True)]
        except (ValueError, OverflowError):
            raise CursorInvalid from None
        return [
            _comparable(each, literal(value, each.type))
            for each, value in zip(columns, values, strict=True)
        ]


def _value(column: InstrumentedAttribute[Any], text: str) -> object:
    python_type = column.type.python_type
    if python_type is datetime:
        return datetime.fromisoformat(text).astimezone(UTC)
    if python_type is int:
        return _number(text)
    return UUID(text) if python_type is UUID else text


def _number(text: str) -> int:
    number = int(text)
    if abs(number) > LARGEST:
        raise OverflowError
    return number


def _comparable(
    column: InstrumentedAttribute[Any], value: ColumnElement[Any]
) -> ColumnElement[Any]:
    """Return what rows are sorted by: a text without regard to case, if it is not made that way."""
    made = isinstance(column.property, ColumnProperty) and column.property.columns[0].computed
    return func.lower(value) if column.type.python_type is str and not made else value


def containing(words: str, *columns: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Return the condition that one of some texts has these words in it, whatever their case."""
    return or_(*(column.icontains(words, autoescape=True) for column in columns))
