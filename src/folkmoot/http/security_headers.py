"""Headers that tell a browser to trust our answers with as little as possible.

What a route has set itself stays: pages such as the console bring policies of their own.
"""

from collections.abc import Awaitable, Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS: Final[Mapping[bytes, bytes]] = {
    b"content-security-policy": (
        b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
TWO_YEARS: Final = b"max-age=63072000; includeSubDomains"


class SecurityHeaders:
    """Adds to every answer the headers that it lacks.

    Args:
        app: What is protected.
        https_only: Whether browsers shall never again come by plain HTTP: in production.
    """

    def __init__(self, app: ASGIApp, *, https_only: bool) -> None:
        self._app = app
        self._headers = dict(HEADERS)
        if https_only:
            self._headers[b"strict-transport-security"] = TWO_YEARS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        def send_with_headers(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                present = {name.lower() for name, _ in headers}
                missing = self._headers.keys() - present
                headers += [(name, self._headers[name]) for name in missing]
                message["headers"] = headers
            return send(message)

        await self._app(scope, receive, send_with_headers)
