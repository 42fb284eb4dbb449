"""Bodies that are read whole, JSON and forms, are limited in size, time and strangeness.

Streamed bodies (multipart) are limited where they are read: by the framework, per route.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from folkmoot.http.problems import problem
from folkmoot.http.strict_json import NotStrict, check

MEBIBYTE: Final = 1024 * 1024
LIMIT: Final = 8 * MEBIBYTE
PATIENCE: Final = 30.0
"""Seconds that a client has to send such a body."""
LONG: Final = 64 * 1024
"""A body from this size on, in bytes, is checked in a thread: others must not wait for it."""


class Refused(Exception):
    """The body is not taken."""

    def __init__(self, status: HTTPStatus, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


class ClientLeft(Exception):
    """The client went away in the middle of its body; nobody waits for an answer."""


class BodyLimit:
    """Reads JSON and forms before the application does, and refuses what is out of bounds."""

    def __init__(self, app: ASGIApp, *, limit: int = LIMIT, patience: float = PATIENCE) -> None:
        self._app = app
        self._limit = limit
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            _check_address(scope)
            checked = _checker(scope)
            if checked is not None:
                receive = _replay(await self._read(scope, receive, checked), receive)
            await self._app(scope, receive, send)
        except Refused as error:
            answer = problem(Request(scope), error.status, error.code, error.detail)
            await answer(scope, receive, send)
        except ClientLeft:
            return

    async def _read(
        self, scope: Scope, receive: Receive, checked: Callable[[bytes], None]
    ) -> bytes:
        self._demand_size(_announced(scope))
        body = bytearray()
        try:
            async with asyncio.timeout(self._patience):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ClientLeft
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    self._demand_size(len(body))
        except TimeoutError:
            detail = f"The body did not arrive within {self._patience:g} s."
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, "request_timeout", detail) from None
        await _apply(checked, bytes(body))
        return bytes(body)

    def _demand_size(self, size: int) -> None:
        if size > self._limit:
            detail = f"The body is larger than {self._limit} bytes."
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)


def _check_address(scope: Scope) -> None:
    if b"%00" in scope["query_string"] or "\0" in scope["path"]:
        detail = "The address contains the character U+0000."
        raise Refused(HTTPStatus.BAD_REQUEST, "malformed", detail)


def _checker(scope: Scope) -> Callable[[bytes], None] | None:
    """Return how to check this body, or None for one that is left to its route."""
    media_type = _header(scope, b"content-type").partition(b";")[0].strip().lower()
    if media_type == b"application/json" or media_type.endswith(b"+json"):
        return check
    return _check_form if media_type == b"application/x-www-form-urlencoded" else None


def _check_form(body: bytes) -> None:
    if b"%00" in body or b"\0" in body:
        raise NotStrict("The form contains the character U+0000, which no text may.")


async def _apply(checked: Callable[[bytes], None], body: bytes) -> None:
    if not body:
        return
    try:
        if len(body) < LONG:
            checked(body)
        else:
            await run_in_threadpool(checked, body)
    except NotStrict as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "malformed", str(error)) from None


def _announced(scope: Scope) -> int:
    length = _header(scope, b"content-length")
    return int(length) if length.isdigit() else 0


def _header(scope: Scope, wanted: bytes) -> bytes:
    return next((value for name, value in scope["headers"] if name == wanted), b"")


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body once more, and then whatever follows."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again
