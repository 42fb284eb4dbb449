"""Every request has an id: the caller's own where it is harmless, otherwise a new one."""

import re
from collections.abc import Awaitable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from folkmoot.http.sse import DIRECT
from folkmoot.kit import origin
from folkmoot.kit.ids import new_id
from folkmoot.kit.telemetry import context

HEADER: Final = b"x-request-id"
HARMLESS: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")


class RequestId:
    """Puts the id into the scope, the log and the answer's `X-Request-ID`; notes the address."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given(scope) or str(new_id())
        header = (HEADER, request_id.encode())

        def send_with_id(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), header]
            return send(message)

        scope["request_id"], scope[DIRECT] = request_id, send
        client = scope.get("client")
        address = client[0] if client else None
        with context.bound(request_id=request_id), origin.coming_from(address):
            await self._app(scope, receive, send_with_id)


def _given(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == HEADER and HARMLESS.fullmatch(value):
            return str(value, "ascii")
    return None
