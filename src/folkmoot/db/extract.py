"""Reading many rows as lines of JSON, a page at a time: a slow reader holds no transaction open."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import orjson
from sqlalchemy import Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from folkmoot.db.work import PersonalWork, Work

PAGE: Final = 100

OpenWork = Callable[[], AbstractAsyncContextManager[Work | PersonalWork]]
Key = InstrumentedAttribute[Any]


async def lines(
    open_work: OpenWork, statement: Select[*tuple[Any, ...]], keys: Sequence[Key]
) -> AsyncGenerator[bytes]:
    """Yield rows as lines of JSON, in the order of their keys.

    Args:
        open_work: Opens a unit of work that may see them.
        statement: What to read; the names of its columns are those of the fields.
        keys: What tells rows apart, among the columns of the statement.
    """
    after: tuple[object, ...] | None = None
    while True:
        page = statement.order_by(*keys).limit(PAGE)
        if after is not None:
            reached = (literal(value, key.type) for value, key in zip(after, keys, strict=True))
            page = page.where(tuple_(*keys) > tuple_(*reached))
        async with open_work() as work:
            rows = (await work.session.execute(page)).mappings().all()
        if rows:
            yield b"".join(orjson.dumps(dict(row)) + b"\n" for row in rows)
        if len(rows) < PAGE:
            return
        after = tuple(rows[-1][key.key] for key in keys)
