"""Headers that tell a browser to trust our answers with as little as possible.

What a route has set itself stays: the console and an artifact's page bring policies of their own.
"""

from collections.abc import Awaitable, Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

API_POLICY: Final = (
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
POLICIES: Final = {"/docs": DOCS_POLICY}
HEADERS: Final[Mapping[bytes, bytes]] = {
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
        policies: Content security policies by path; every other path gets `API_POLICY`.
    """

    def __init__(
        self, app: ASGIApp, *, https_only: bool, policies: Mapping[str, str] = POLICIES
    ) -> None:
        self._app = app
        self._headers = dict(HEADERS)
        if https_only:
            self._headers[b"strict-transport-security"] = TWO_YEARS
        self._policies = {path: policy.encode() for path, policy in policies.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        policy = self._policies.get(scope["path"], API_POLICY.encode())
        wanted = {**self._headers, b"content-security-policy": policy}

        def send_with_headers(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                present = {name.lower() for name, _ in headers}
                headers += [(name, wanted[name]) for name in wanted.keys() - present]
                message["headers"] = headers
            return send(message)

        await self._app(scope, receive, send_with_headers)
