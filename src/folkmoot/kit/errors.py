"""The root of every error this package raises on purpose."""

from http import HTTPStatus
from typing import ClassVar

from pydantic import JsonValue


class AppError(Exception):
    """An expected failure: it has a stable code, an HTTP status and a detail safe to show.

    The audit trail tells of one that is `audited`.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    audited: ClassVar[bool] = False

    def __init__(self, detail: str, **members: JsonValue) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members = members


class Invalid(AppError):
    code = "invalid"
    status = HTTPStatus.UNPROCESSABLE_ENTITY


class Unauthenticated(AppError):
    code = "unauthenticated"
    status = HTTPStatus.UNAUTHORIZED


class Forbidden(AppError):
    code = "forbidden"
    status = HTTPStatus.FORBIDDEN
    audited = True


class NotFound(AppError):
    code = "not_found"
    status = HTTPStatus.NOT_FOUND


class Conflict(AppError):
    code = "conflict"
    status = HTTPStatus.CONFLICT


class Busy(Conflict):
    """A conflict that will be over soon; `retry_after` is in seconds."""

    code = "busy"

    def __init__(self, detail: str, *, retry_after: int, **members: JsonValue) -> None:
        super().__init__(detail, **members)
        self.retry_after = retry_after


class TooLarge(AppError):
    code = "too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class RateLimited(AppError):
    """Too many requests; `retry_after` is in seconds."""

    code = "rate_limited"
    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, detail: str, *, retry_after: int, **members: JsonValue) -> None:
        super().__init__(detail, **members)
        self.retry_after = retry_after


class Unavailable(AppError):
    """Something we depend on does not answer; `retry_after` is in seconds."""

    code = "unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, detail: str, *, retry_after: int = 2, **members: JsonValue) -> None:
        super().__init__(detail, **members)
        self.retry_after = retry_after
