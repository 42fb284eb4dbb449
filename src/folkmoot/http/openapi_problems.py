"""How operations fail, in the API's description: problem details, never the framework's own words.

A slice names its own failures with `problems.documented`; what any operation of a kind can run into
is added here.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from folkmoot.http.problems import MEDIA_TYPE, REFERENCES, SCHEMA, Problem

Json = dict[str, Any]

PROBLEM: Final[Json] = SCHEMA
GENERATED: Final[Json] = {"$ref": "#/components/schemas/HTTPValidationError"}
REQUEST_ID: Final = "019a8f3c-5d2e-7b41-9c60-2f7d8e5a1b34"
RETRY_AFTER: Final[Json] = {
    "required": True,
    "schema": {"type": "integer", "minimum": 0},
    "description": "Seconds to wait before trying again.",
}
RATE_LIMIT: Final[Json] = {
    f"RateLimit-{name}": {"schema": {"type": "integer", "minimum": 0}, "description": meaning}
    for name, meaning in (
        ("Limit", "How many requests the limit allows that is nearest to being reached."),
        ("Remaining", "How many of them are left."),
        ("Reset", "Seconds until all of them are there again."),
    )
}
HEADERS: Final[Mapping[int, Json]] = {
    HTTPStatus.UNAUTHORIZED: {
        "WWW-Authenticate": {"required": True, "schema": {"const": "Bearer"}}
    },
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": RETRY_AFTER, **RATE_LIMIT},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": RETRY_AFTER},
    HTTPStatus.INSUFFICIENT_STORAGE: {"Retry-After": RETRY_AFTER},
}

NAMES: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.BAD_REQUEST: "Malformed",
    HTTPStatus.UNAUTHORIZED: "Unauthenticated",
    HTTPStatus.FORBIDDEN: "Forbidden",
    HTTPStatus.NOT_FOUND: "NotFound",
    HTTPStatus.REQUEST_TIMEOUT: "RequestTimeout",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "TooLarge",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Invalid",
    HTTPStatus.TOO_MANY_REQUESTS: "RateLimited",
    HTTPStatus.SERVICE_UNAVAILABLE: "Unavailable",
    HTTPStatus.INSUFFICIENT_STORAGE: "StorageFull",
}
CODES: Final[Mapping[HTTPStatus, tuple[str, str]]] = {
    HTTPStatus.BAD_REQUEST: ("malformed", "The body is no JSON: unexpected end of data."),
    HTTPStatus.UNAUTHORIZED: (
        "unauthenticated",
        "Sign in, or send a valid access token or API key.",
    ),
    HTTPStatus.FORBIDDEN: ("permission_denied", "You may not do this here."),
    HTTPStatus.NOT_FOUND: (
        "organization_not_found",
        "No organisation with this id is visible to you.",
    ),
    HTTPStatus.REQUEST_TIMEOUT: ("request_timeout", "The body did not arrive within 30 s."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("too_large", "The body is larger than 8388608 bytes."),
    HTTPStatus.UNPROCESSABLE_ENTITY: (
        "invalid",
        "The request does not fit what this operation takes.",
    ),
    HTTPStatus.TOO_MANY_REQUESTS: ("rate_limited", "Too many requests. Please wait a while."),
    HTTPStatus.SERVICE_UNAVAILABLE: ("unavailable", "The database does not answer."),
    HTTPStatus.INSUFFICIENT_STORAGE: ("storage_full", "There is no room left to store this."),
}
ERRORS: Final = ({"pointer": "/body/name", "detail": "Field required"},)

NEVER_LIMITED: Final = frozenset({"operation"})
"""Tags of what a load balancer asks."""
WITH_BODY: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
WITH_CALLER: Final = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def schemas() -> Json:
    """Return the schemas to which the responses refer."""
    whole = Problem.model_json_schema(ref_template=REFERENCES, mode="serialization")
    parts: Json = whole.pop("$defs")
    for member in whole["properties"].values():
        member.pop("default", None)  # as FastAPI describes answers
    return parts | {Problem.__name__: whole}


def shared() -> Json:
    """Return the responses to which operations refer."""
    responses: Json = {}
    for status, name in NAMES.items():
        response = _response(status, f"{status.phrase}: `{CODES[status][0]}`")
        response["content"][MEDIA_TYPE]["example"] = _example(status)
        responses[name] = response
    return responses


def add_problems(method: str, operation: Json) -> None:
    """Add to an operation what it can run into, and give what it names itself the right form."""
    declared: Json = operation["responses"]
    responses = {key: _in_form(int(key), answer) for key, answer in declared.items()}
    for status in _expected(method, operation):
        responses.setdefault(str(int(status)), _reference(status))
    operation["responses"] = dict(sorted(responses.items()))


def _expected(method: str, operation: Json) -> Iterator[HTTPStatus]:
    yield HTTPStatus.BAD_REQUEST
    if NEVER_LIMITED.isdisjoint(operation["tags"]):
        yield HTTPStatus.TOO_MANY_REQUESTS
        yield HTTPStatus.UNPROCESSABLE_ENTITY  # a query parameter that is not there
    if method != "GET":
        yield HTTPStatus.SERVICE_UNAVAILABLE
        yield HTTPStatus.INSUFFICIENT_STORAGE
    if operation["security"]:
        yield from WITH_CALLER
    if "x-permission" in operation:
        yield HTTPStatus.FORBIDDEN
    if "requestBody" in operation:
        yield from WITH_BODY


def _in_form(status: int, response: Json) -> Json:
    schemas = [each.get("schema") for each in response.get("content", {}).values()]
    if GENERATED in schemas:
        return _reference(HTTPStatus(status))
    if PROBLEM in schemas:
        return _response(HTTPStatus(status), response["description"])
    return response


def _reference(status: HTTPStatus) -> Json:
    return {"$ref": f"#/components/responses/{NAMES[status]}"}


def _response(status: HTTPStatus, description: str) -> Json:
    return {
        "description": description,
        "headers": dict(HEADERS.get(status, {})),
        "content": {MEDIA_TYPE: {"schema": PROBLEM}},
    }


def _example(status: HTTPStatus) -> Json:
    code, detail = CODES[status]
    example: Json = {
        "type": f"/problems/{code}",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "instance": "/api/v1/runs",
        "code": code,
        "request_id": REQUEST_ID,
    }
    if status is HTTPStatus.UNPROCESSABLE_ENTITY:
        example["errors"] = list(ERRORS)
    return example
