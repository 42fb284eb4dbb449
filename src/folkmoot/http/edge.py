"""Everything a request passes before the application, and an answer on its way out.

It stands around the application, not inside: what the framework answers by itself passes it too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp

from folkmoot.http.access_log import AccessLog
from folkmoot.http.body_limit import LIMIT, BodyLimit
from folkmoot.http.compression import Compression
from folkmoot.http.early_answers import EarlyAnswers
from folkmoot.http.limits.gate import Gate, RateLimits
from folkmoot.http.plain_problems import PlainProblems
from folkmoot.http.request_id import RequestId
from folkmoot.http.security_headers import SecurityHeaders

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
TAKEN: Final = (
    "Authorization",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "X-API-Key",
    "X-Organization-Id",
    "X-Request-ID",
    "X-Team-Id",
)
SHOWN: Final = (
    "ETag",
    "Idempotency-Replayed",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Request-ID",
)


@dataclass(frozen=True, slots=True)
class EdgeOptions:
    """How strict the edge is.

    Attributes:
        https_only: Tell browsers never to come by plain HTTP again.
        trusted_hosts: Names under which this deployment is reached; "*" for any.
        cors_origins: Origins whose pages may call the API; none by default.
        body_limit: Bytes that a body may have.
        rate_limits: How much anybody may ask; without them as much as they like.
    """

    https_only: bool = False
    trusted_hosts: Sequence[str] = ("*",)
    cors_origins: Sequence[str] = field(default_factory=tuple[str])
    body_limit: int = LIMIT
    rate_limits: RateLimits | None = None


def edge(app: ASGIApp, options: EdgeOptions) -> ASGIApp:
    """Put the application behind the edge."""
    app = BodyLimit(app, limit=options.body_limit)
    if options.rate_limits is not None:
        app = Gate(app, options.rate_limits)
    if options.cors_origins:
        app = CORSMiddleware(
            app,
            allow_origins=options.cors_origins,
            allow_methods=METHODS,
            allow_headers=TAKEN,
            expose_headers=SHOWN,
        )
    app = Compression(app)
    app = TrustedHostMiddleware(app, allowed_hosts=options.trusted_hosts, www_redirect=False)
    app = PlainProblems(EarlyAnswers(app))
    app = SecurityHeaders(app, https_only=options.https_only)
    return RequestId(AccessLog(app))
