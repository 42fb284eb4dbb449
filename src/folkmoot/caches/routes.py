"""REST endpoints for the answers that are kept: how many there are, and away with them."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from folkmoot.caches import service
from folkmoot.caches.rules import Reuse
from folkmoot.caches.schemas import ResponseCacheCleared, ResponseCacheRead, ReusedCalls
from folkmoot.caches.store import Bounds
from folkmoot.http.access import PermissionDenied, require
from folkmoot.http.deps import OpenWork
from folkmoot.http.problems import documented
from folkmoot.kit import clock
from folkmoot.usage import reporting

TOLD: Final = timedelta(days=30)

OfAgent = Annotated[
    str | None,
    StringConstraints(max_length=100, pattern=r"^[^\x00]*$"),
    Query(description="The id of an agent; left out, the answers of all of them."),
]


def router(bounds: Bounds) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/caches/responses",
        tags=["caches"],
        dependencies=[require("caches:manage")],
        responses=documented(PermissionDenied),
    )

    @routes.get("")
    async def read_response_cache(work: OpenWork) -> ResponseCacheRead:
        """Tell how many answers are kept, and how often some were given again."""
        found = await service.statistics(work)
        reused, calls = await reporting.reused(work, clock.now() - TOLD)
        return ResponseCacheRead(
            answers=found.answers,
            similar=found.similar,
            bytes=found.bytes,
            most_answers=bounds.rows,
            most_bytes=bounds.bytes,
            oldest_at=found.oldest_at,
            reused=ReusedCalls(calls=calls, **{how: reused.get(how, 0) for how in Reuse}),
        )

    @routes.delete("")
    async def clear_response_cache(work: OpenWork, agent: OfAgent = None) -> ResponseCacheCleared:
        """Forget the answers that are kept. It is recorded."""
        return ResponseCacheCleared(answers=await service.clear(work, agent))

    return routes
