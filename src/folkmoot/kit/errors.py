"""The root of every error this package raises on purpose."""

from http import HTTPStatus
from typing import Any, ClassVar

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

    def __reduce__(self) -> tuple[Any, ...]:
        """Come out of another process as what it is: most are not made of what `args` holds."""
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[AppError], args: tuple[object, ...]) -> AppError:
    return kind.__new__(kind, *args)


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
