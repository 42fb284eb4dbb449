"""One log line, one metric and one span for every request, at its end.

A stream is served here: it goes on long after all that has made it.
"""

from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any, Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from folkmoot.http.sse import STREAM, Body
from folkmoot.kit import clock
from folkmoot.kit.telemetry import metrics, tracing
from folkmoot.kit.telemetry.tracing import OpenSpan, Span

PROBES: Final = frozenset({"/health/live", "/health/ready", "/metrics"})
"""What machines ask all the time, and nobody else."""

NEEDED: Final = frozenset({"type", "method", "path_params", "route"})
"""What of a scope is still asked for when its stream is under way."""

UNMATCHED: Final = "(no route)"
CLIENT_LEFT: Final = 499
"""The status that is logged when the client went away before there was an answer."""

log = structlog.get_logger(__name__)


class AccessLog:
    """Writes what was asked and how it ended: the route, never the path or the query.

    An error that nobody rendered ends here: it is logged, and the connection breaks off.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        with metrics.requests_in_progress.track_inprogress(), _span(scope) as span:
            scope[STREAM] = None
            try:
                await self._app(scope, receive, answer.send)
                body: Body | None = scope[STREAM]
                if body is not None:
                    answer.body = body
                    _forget(scope)
                    await body.serve(receive)
            except Exception:  # the edge of the request
                if not scope.get("failure_logged"):
                    log.exception("request.failed", route=template(scope))
            finally:
                _report(scope, answer, span)


class _Answer:
    """Counts what goes out."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = clock.monotonic()
        self.status = 0
        self.bytes = 0
        self.body: Body | None = None

    def send(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.bytes += len(message.get("body", b""))
        return self._send(message)


def _forget(scope: Scope) -> None:
    """Free what has made a stream: its caller, its headers, its route's exit stacks."""
    scope["route"] = chosen(scope)
    for key in scope.keys() - NEEDED:
        del scope[key]


def _span(scope: Scope) -> OpenSpan:
    """Open the request's span; without a collector the headers are not even decoded."""
    headers = scope["headers"] if tracing.enabled() else ()
    remote = {str(name, "latin-1"): str(value, "latin-1") for name, value in headers}
    return tracing.span(scope["method"], {"http.request.method": scope["method"]}, remote=remote)


def chosen(scope: Scope) -> Any:  # noqa: ANN401 - a route, or what FastAPI makes of one
    """Return the route that was chosen, with what its routers add; None if none was."""
    return scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")


def template(scope: Scope) -> str:
    """Return the template of the route that was chosen, with the prefixes of its routers."""
    path = getattr(chosen(scope), "path_format", None)
    return path if isinstance(path, str) else UNMATCHED


def _report(scope: Scope, answer: _Answer, span: Span) -> None:
    seconds = clock.monotonic() - answer.begun
    route, status = template(scope), answer.status or CLIENT_LEFT
    metrics.request(route, _agent(scope, status), status, seconds)
    span.rename(f"{scope['method']} {route}")
    span.set({"http.route": route, "http.response.status_code": status})
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.fail(str(status))
    write = log.debug if route in PROBES else log.info
    write(
        "request.answered",
        method=scope["method"],
        route=route,
        status=status,
        ms=round(seconds * 1000, 1),
        bytes=answer.bytes + (answer.body.sent if answer.body else 0),
    )


def _agent(scope: Scope, status: int) -> str:
    """Return the agent that was called; one that does not exist is no label for a metric."""
    agent = scope.get("path_params", {}).get("agent_id", "")
    return str(agent) if status < HTTPStatus.BAD_REQUEST else ""
