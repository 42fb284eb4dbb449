"""Errors that the framework words itself, in plain text, become problem details as all others.

It does so for a body that is too large, a host that is not trusted and a refused pre-flight.
"""

from collections.abc import Awaitable
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from folkmoot.http.problems import code_of, problem

PLAIN: Final = b"text/plain"
KEPT: Final = frozenset({b"vary", b"allow", b"retry-after"})


class PlainProblems:
    """Replaces plain-text errors."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        replaced = False

        def send_or_replace(message: Message) -> Awaitable[None]:
            nonlocal replaced
            if message["type"] == "http.response.start" and _is_plain_error(message):
                replaced = True
                return _replace(message, scope, receive, send)
            return _nothing() if replaced else send(message)

        await self._app(scope, receive, send_or_replace)


def _is_plain_error(message: Message) -> bool:
    if message["status"] < HTTPStatus.BAD_REQUEST:
        return False
    headers = message.get("headers", ())
    return any(name == b"content-type" and value.startswith(PLAIN) for name, value in headers)


async def _replace(message: Message, scope: Scope, receive: Receive, send: Send) -> None:
    status = HTTPStatus(message["status"])
    kept = {
        str(name, "latin-1"): str(value, "latin-1")
        for name, value in message["headers"]
        if name in KEPT or name.startswith(b"access-control-")
    }
    detail = status.description or status.phrase
    answer = problem(Request(scope), status, code_of(status), detail, headers=kept)
    await answer(scope, receive, send)


async def _nothing() -> None:
    """Drop a piece of the text that was replaced."""
