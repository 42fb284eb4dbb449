"""An answer given before a long body was read ends the connection.

Otherwise the server would go on taking, and throwing away, whatever the client still sends.
"""

from collections.abc import Awaitable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

READ_ANYWAY: Final = 64 * 1024
"""Bytes that are cheaper to take than a new connection."""


class EarlyAnswers:
    """Adds `Connection: close` to an answer that leaves too much unread."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_long_body(scope):
            await self._app(scope, receive, send)
            return
        unread = True

        async def receive_noting_end() -> Message:
            nonlocal unread
            message = await receive()
            unread = bool(message.get("more_body", False))
            return message

        def send_closing(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start" and unread:
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            return send(message)

        await self._app(scope, receive_noting_end, send_closing)


def _has_long_body(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return True
        if name == b"content-length":
            return not value.isdigit() or int(value) > READ_ANYWAY
    return False
