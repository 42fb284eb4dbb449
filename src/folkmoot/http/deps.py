"""Dependencies every REST endpoint may ask for."""

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import Depends, Query, Request

from folkmoot.db.work import Work
from folkmoot.http.access import caller
from folkmoot.http.ports import ports_of
from folkmoot.kit.page import Cursor, Limit, Words


async def open_work(request: Request) -> AsyncGenerator[Work]:
    """Open the request's unit of work."""
    async with ports_of(request).database.work(await caller(request)) as work:
        yield work


# Function scope commits before the answer is sent; FastAPI's default would commit after it.
OpenWork = Annotated[Work, Depends(open_work, scope="function")]

PageLimit = Annotated[Limit, Query()]
PageCursor = Annotated[Cursor | None, Query()]
PageWords = Annotated[
    Words | None, Query(description="Only what has this in its name, whatever its case.")
]
