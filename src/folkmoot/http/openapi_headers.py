"""Headers that the shared parts of HTTP understand, in the API's description.

Which operations heed them is read from their routes: from their class, and from what they ask for.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext

from folkmoot.http.etags import Conditions, PreconditionFailed
from folkmoot.http.idempotency.errors import (
    AnswerNotKept,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    RequestInFlight,
)
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.openapi_problems import PROBLEM
from folkmoot.http.problems import documented
from folkmoot.kit.errors import AppError
from folkmoot.kit.page import CursorInvalid

Json = dict[str, Any]

PARAMETERS: Final[Json] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
        "description": "Your own name for this request, such as a UUID. Sent again within 24 hours "
        "with the same key and body, it has no second effect and gets its first answer, with "
        "`Idempotency-Replayed: true`.",
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "schema": {"type": "string"},
        "description": "The `ETag` of what you have read: if somebody has changed it since, "
        "nothing happens.",
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "schema": {"type": "string"},
        "description": "The `ETag` of what you have: if it is still the same, the answer is 304.",
    },
}
HEADERS: Final[Json] = {
    "ETag": {"schema": {"type": "string"}, "description": "Changes with what is shown."},
    "IdempotencyReplayed": {
        "schema": {"const": "true"},
        "description": "This is the answer of an earlier request with the same key.",
    },
}
SORTED: Final = "What comes first; `-` turns it round. A cursor counts in the order it is of."
KEY_FAILURES: Final = (
    IdempotencyKeyInvalid,
    RequestInFlight,
    AnswerNotKept,
    IdempotencyKeyReused,
)


def add_headers(method: str, operation: Json, context: RouteContext) -> None:
    """Add the shared headers that an operation takes and gives, and how they can fail."""
    responses: Json = operation["responses"]
    parameters: list[Json] = operation.setdefault("parameters", [])
    if isinstance(context.original_route, Idempotent) and method == "POST":
        parameters.append(_reference("parameters", "IdempotencyKey"))
        _give(responses, "Idempotency-Replayed", "IdempotencyReplayed")
        _name(responses, KEY_FAILURES)
    for parameter in parameters:
        if parameter.get("name") == "sort":
            parameter["description"] = SORTED
            _name(responses, (CursorInvalid,))
    if not any(each.call is Conditions for each in _all(context.dependant)):
        return
    _give(responses, "ETag", "ETag")
    if method == "GET":
        parameters.append(_reference("parameters", "IfNoneMatch"))
        responses["304"] = {
            "description": HTTPStatus.NOT_MODIFIED.phrase,
            "headers": {"ETag": _reference("headers", "ETag")},
        }
    else:
        parameters.append(_reference("parameters", "IfMatch"))
        _name(responses, (PreconditionFailed,))


def _reference(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def _give(responses: Json, name: str, component: str) -> None:
    """Say that what succeeds has a header."""
    for status, response in responses.items():
        if status.startswith("2"):
            response.setdefault("headers", {})[name] = _reference("headers", component)


def _name(responses: Json, failures: tuple[type[AppError], ...]) -> None:
    """Say how it can fail, beside what the slice has said."""
    for status, response in documented(*failures).items():
        if str(int(status)) in responses:
            codes = response["description"].partition(": ")[2]
            responses[str(int(status))]["description"] += f", {codes}"
        else:
            responses[str(int(status))] = {
                "description": response["description"],
                "content": {"application/json": {"schema": PROBLEM}},
            }


def _all(dependant: Dependant) -> Iterator[Dependant]:
    for each in dependant.dependencies:
        yield each
        yield from _all(each)
