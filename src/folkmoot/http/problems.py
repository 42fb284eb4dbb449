"""Render failures as problem details (RFC 9457). The one place where an error becomes an answer."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, cast

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import JsonValue
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from folkmoot.http.access import PERSON, SUBJECT
from folkmoot.http.access_log import template
from folkmoot.http.methods import allowed
from folkmoot.http.ports import Person, ports_of
from folkmoot.kit.errors import AppError, Busy, RateLimited, Unauthenticated, Unavailable
from folkmoot.kit.schema import Schema
from folkmoot.kit.subject import Subject

MEDIA_TYPE = "application/problem+json"
REFERENCES: Final = "#/components/schemas/{model}"
SCHEMA: Final = {"$ref": "#/components/schemas/Problem"}

Renderer = Callable[[Request, Exception], Awaitable[Response]]

log = structlog.get_logger(__name__)


class FieldProblem(Schema):
    """One thing wrong with the input."""

    pointer: str
    detail: str


class Problem(Schema):
    """Problem details, RFC 9457, with our stable `code` and the request's id."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str | None = None
    errors: list[FieldProblem] | None = None


def problem(
    request: Request,
    status: HTTPStatus,
    code: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    **members: JsonValue,
) -> Response:
    """Build the answer for one failure."""
    body: dict[str, JsonValue] = {
        **members,
        "type": f"/problems/{code}",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "instance": request.url.path,
        "code": code,
        "request_id": request.scope.get("request_id"),
    }
    return JSONResponse(body, int(status), headers=headers, media_type=MEDIA_TYPE)


def code_of(status: HTTPStatus) -> str:
    """Return the code of a failure that has no other name than its status."""
    # Python 3.13 renamed this one; our code must not follow.
    return "too_large" if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else status.name.lower()


async def render(request: Request, error: Exception) -> Response:
    """Render an error that was raised on purpose."""
    failure = cast(AppError, error)
    headers: dict[str, str] = {}
    if isinstance(failure, Busy | RateLimited | Unavailable):
        headers["Retry-After"] = str(failure.retry_after)
    if isinstance(failure, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if failure.audited:
        await _tell(request, failure)
    return problem(
        request, failure.status, failure.code, failure.detail, headers=headers, **failure.members
    )


async def _tell(request: Request, failure: AppError) -> None:
    """Have a refusal noted, if it is known whose it is."""
    person: Person | None = request.scope.get(PERSON)
    subject: Subject | None = request.scope.get(SUBJECT) or (person.subject if person else None)
    refused = ports_of(request).refused if subject else None
    if subject and refused:
        route = template(request.scope)
        await refused(subject, failure, method=request.method, route=route)


async def render_validation(request: Request, error: Exception) -> Response:
    """Render input that does not fit the schema: 422 with a pointer to each fault (RFC 6901)."""
    faults = cast(RequestValidationError, error).errors()
    errors: list[JsonValue] = [
        {"pointer": _pointer(fault["loc"]), "detail": str(fault["msg"])} for fault in faults[:100]
    ]
    return problem(
        request,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid",
        "The request does not fit what this operation takes.",
        errors=errors,
    )


async def render_http(request: Request, error: Exception) -> Response:
    """Render what the framework itself refuses: no such route, a wrong method, a broken body."""
    failure = cast(HTTPException, error)
    status = HTTPStatus(failure.status_code)
    headers = dict(failure.headers or {})
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = allowed(request)
    return problem(request, status, code_of(status), str(failure.detail), headers=headers)


async def rendered(request: Request, error: Exception) -> Response | None:
    """Render an error as the application would; None for one that nobody raised on purpose."""
    for kind, renderer in RENDERERS.items():
        if isinstance(error, kind):
            return await renderer(request, error)
    return None


async def render_unexpected(request: Request, error: Exception) -> Response:
    """Answer 500 and say nothing from inside; the log has the rest."""
    log.error("request.failed", exc_info=error, path=request.scope["path"])
    request.scope["failure_logged"] = True
    return problem(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal",
        "Something went wrong on our side. The request id finds it in the log.",
    )


RENDERERS: Final[Mapping[type[Exception], Renderer]] = {
    AppError: render,
    RequestValidationError: render_validation,
    HTTPException: render_http,
}


def documented(*failures: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """Return the failures of an operation as its API description names them: status and codes.

    They refer to the schema of `Problem`: FastAPI would build a model for each of thousands.
    """
    codes: dict[HTTPStatus, list[str]] = {}
    for failure in failures:
        codes.setdefault(failure.status, []).append(f"`{failure.code}`")
    return {
        status: {
            "description": f"{status.phrase}: {', '.join(names)}",
            "content": {
                MEDIA_TYPE: {"schema": {"$ref": REFERENCES.format(model=Problem.__name__)}}
            },
        }
        for status, names in codes.items()
    }


def install(app: FastAPI) -> None:
    """Register the renderers."""
    for kind, renderer in RENDERERS.items():
        app.add_exception_handler(kind, renderer)
    app.add_exception_handler(Exception, render_unexpected)


def _pointer(location: tuple[Any, ...]) -> str:
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in location)
    return "/" + "/".join(escaped)
