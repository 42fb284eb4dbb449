"""Is the process alive, and can it serve? For people, load balancers and `folkmoot doctor`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import JSONResponse, PlainTextResponse, Response

from folkmoot.http.access import PUBLIC
from folkmoot.kit import clock
from folkmoot.kit.errors import AppError
from folkmoot.kit.schema import Schema
from folkmoot.kit.telemetry import metrics

PATIENCE: Final = 2.0
"""Seconds that a dependency has to answer."""

Check = Callable[[], Awaitable[None]]
"""Returns if the dependency works, raises `AppError` if it does not."""


class Health(StrEnum):
    """Degraded means that the process serves, but not everything works."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


GRAVITY: Final = tuple(Health)
"""From the best to the worst."""


class DependencyHealth(Schema):
    """One dependency."""

    status: Health
    latency_ms: float
    detail: str | None = Field(default=None, examples=[None])


class Readiness(Schema):
    """Whether this process can serve."""

    status: Health
    version: str = Field(examples=["0.1.0"])
    dependencies: dict[str, DependencyHealth] = Field(default_factory=dict[str, DependencyHealth])


class Liveness(Schema):
    """The process runs."""

    status: Health = Health.HEALTHY


def router(
    version: str, needed: Mapping[str, Check], useful: Mapping[str, Check] | None = None
) -> APIRouter:
    """Return the routes of health and metrics.

    Args:
        version: Of this build.
        needed: Checks of what nothing can be served without.
        useful: Checks of what some things work without. Most of it is shared: if its failure took
            processes out of service, it would take out all of them.
    """
    checks = {name: (check, Health.UNHEALTHY) for name, check in needed.items()}
    checks |= {name: (check, Health.DEGRADED) for name, check in (useful or {}).items()}

    routes = APIRouter(tags=["operation"], dependencies=[PUBLIC])

    @routes.get("/health/live")
    async def live() -> Liveness:
        """Answer as long as the process runs."""
        return Liveness()

    @routes.get(
        "/health/ready",
        response_model=Readiness,
        responses={HTTPStatus.SERVICE_UNAVAILABLE: {"model": Readiness}},
    )
    async def ready() -> Response:
        """Answer 200 only when this process can serve.

        It is `degraded`, and still 200, when a dependency fails that some things work without.
        """
        found = await asyncio.gather(*(_check(*each) for each in checks.values()))
        worst = max((each.status for each in found), key=GRAVITY.index, default=Health.HEALTHY)
        body = Readiness(
            status=worst, version=version, dependencies=dict(zip(checks, found, strict=True))
        )
        unfit = worst is Health.UNHEALTHY
        status = HTTPStatus.SERVICE_UNAVAILABLE if unfit else HTTPStatus.OK
        return JSONResponse(body.model_dump(mode="json"), status)

    @routes.get("/metrics", response_class=PlainTextResponse)
    async def read_metrics() -> Response:
        """Return the figures an operator watches, in the Prometheus text format."""
        body, media_type = metrics.exposition("")
        return Response(body, media_type=media_type)

    return routes


async def _check(check: Check, failing: Health) -> DependencyHealth:
    begun, detail = clock.monotonic(), None
    checking = asyncio.ensure_future(check())
    checking.add_done_callback(_heard)
    # Not `asyncio.timeout`: a statement that is cancelled is waited for, and so would be the probe.
    done, _ = await asyncio.wait({checking}, timeout=PATIENCE)
    try:
        if done:
            await checking
        else:
            checking.cancel()
            detail = f"It did not answer within {PATIENCE:g} s."
    except AppError as error:
        detail = error.detail
    return DependencyHealth(
        status=Health.HEALTHY if detail is None else failing,
        latency_ms=round((clock.monotonic() - begun) * 1000, 2),
        detail=detail,
    )


def _heard(checking: asyncio.Future[None]) -> None:
    """Take note of a failure that came too late to matter."""
    if not checking.cancelled():
        checking.exception()
