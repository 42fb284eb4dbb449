"""Bodies are limited in size, time and strangeness: each is read whole before anybody acts on it.

But for files on their way into a collection: their route reads them as they come in, once it knows
who sends them, and has limits of its own.
"""

import asyncio
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from folkmoot.http.problems import problem
from folkmoot.http.strict_json import NotStrict, check

MEBIBYTE: Final = 1024 * 1024
LIMIT: Final = 8 * MEBIBYTE
AUTH: Final = "/api/v1/auth/"
AUTH_LIMIT: Final = 32 * 1024
"""Anybody may send these, and none needs more."""
STREAMED: Final = re.compile(r"/api/v1/collections/[^/]+/documents")
PATIENCE: Final = 30.0
"""Seconds that a client has to send a body."""
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
    """Reads bodies before the application does, and refuses what is out of bounds."""

    def __init__(self, app: ASGIApp, *, limit: int = LIMIT, patience: float = PATIENCE) -> None:
        self._app = app
        self._limit = limit
        self._patience = patience
        self._turns = CapacityLimiter(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            _check_address(scope)
            if _has_body(scope) and not _is_streamed(scope):
                receive = _replay(await self._read(scope, receive), receive)
            await self._app(scope, receive, send)
        except Refused as error:
            answer = problem(Request(scope), error.status, error.code, error.detail)
            await answer(scope, receive, send)
        except ClientLeft:
            return

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        limit = AUTH_LIMIT if scope["path"].startswith(AUTH) else self._limit
        _demand_size(int(_header(scope, b"content-length") or 0), limit)
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
                    _demand_size(len(body), limit)
        except TimeoutError:
            detail = f"The body did not arrive within {self._patience:g} s."
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, "request_timeout", detail) from None
        await self._check(_checker(scope), bytes(body))
        return bytes(body)

    async def _check(self, checked: Callable[[bytes], None] | None, body: bytes) -> None:
        if checked is None or not body:
            return
        try:
            if len(body) < LONG:
                checked(body)
            else:
                await to_thread.run_sync(checked, body, limiter=self._turns)
        except NotStrict as error:
            raise Refused(HTTPStatus.BAD_REQUEST, "malformed", str(error)) from None


def _demand_size(size: int, limit: int) -> None:
    if size > limit:
        detail = f"The body is larger than {limit} bytes."
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)


def _check_address(scope: Scope) -> None:
    if b"%00" in scope["query_string"] or "\0" in scope["path"]:
        detail = "The address contains the character U+0000."
        raise Refused(HTTPStatus.BAD_REQUEST, "malformed", detail)


def _has_body(scope: Scope) -> bool:
    """Whether a body follows (RFC 9112, section 6.3)."""
    return any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])


def _is_streamed(scope: Scope) -> bool:
    is_form = _media_type(scope) == b"multipart/form-data"
    return is_form and STREAMED.fullmatch(scope["path"]) is not None


def _checker(scope: Scope) -> Callable[[bytes], None] | None:
    """Return how to check this body; what may be taken for JSON or a form is treated as such."""
    media_type = _media_type(scope)
    if b"json" in media_type:
        return check
    return _check_form if b"urlencoded" in media_type else None


def _check_form(body: bytes) -> None:
    if b"%00" in body or b"\0" in body:
        raise NotStrict("The form contains the character U+0000, which no text may.")


def _media_type(scope: Scope) -> bytes:
    return _header(scope, b"content-type").partition(b";")[0].strip().lower()


def _header(scope: Scope, wanted: bytes) -> bytes:
    return next((value for name, value in scope["headers"] if name == wanted), b"")


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body once more, and then whatever follows."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again
