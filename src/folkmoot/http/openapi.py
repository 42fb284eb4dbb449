"""The API's description (OpenAPI 3.1): what FastAPI generates, completed by what it cannot know.

Who may call an operation is read from its marker in `http.access`; which headers every operation
takes and gives, how it fails and what its bodies look like are added here, once for all of them.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import BaseRoute

from folkmoot.http import openapi_headers
from folkmoot.http.access import Requirement, platform, public
from folkmoot.http.openapi_examples import add_examples
from folkmoot.http.openapi_inputs import restrict_inputs
from folkmoot.http.openapi_problems import add_problems, schemas, shared

Json = dict[str, Any]

TOKEN_URL: Final = "/api/v1/auth/token"  # noqa: S105 - an address
SCHEMES: Final[Json] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token, or an API key.",
    },
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "An API key.",
    },
    "password": {
        "type": "oauth2",
        "flows": {"password": {"tokenUrl": TOKEN_URL, "scopes": {}}},
        "description": "Sign in with an e-mail address and a password.",
    },
}
ANY_SCHEME: Final[Sequence[Json]] = tuple({name: []} for name in SCHEMES)
ORGANIZATION: Final[Json] = {
    "name": "X-Organization-Id",
    "in": "header",
    "schema": {"type": "string", "format": "uuid"},
    "description": "The organisation to act in; left out, your first one or the API key's.",
}
TEAM: Final[Json] = {
    "name": "X-Team-Id",
    "in": "header",
    "schema": {"type": "string", "format": "uuid"},
    "description": "The team of that organisation to act in; left out, none in particular.",
}
REQUEST_ID: Final[Json] = {
    "name": "X-Request-ID",
    "in": "header",
    "schema": {"type": "string"},
    "description": "Your own name for the request: up to 128 letters, digits and `_.:-`. "
    "Anything else is replaced by a new one.",
}
REQUEST_ID_GIVEN: Final[Json] = {
    "required": True,
    "schema": {"type": "string", "maxLength": 128},
    "description": "The request's id, under which it stands in the log.",
}


class Api(FastAPI):
    """A FastAPI application that describes itself completely."""

    def openapi(self) -> Json:
        """Return the description; it is made once."""
        known = self.openapi_schema
        described = super().openapi()
        if described is not known:
            complete(described, self.routes)
        return described


def complete(document: Json, routes: Sequence[BaseRoute]) -> None:
    """Complete a generated description of some routes, in place."""
    components = document.setdefault("components", {})
    components["securitySchemes"] = dict(SCHEMES)
    components["parameters"] = {
        "OrganizationId": ORGANIZATION,
        "TeamId": TEAM,
        "RequestId": REQUEST_ID,
        **openapi_headers.PARAMETERS,
    }
    components["headers"] = {"RequestId": REQUEST_ID_GIVEN, **openapi_headers.HEADERS}
    components["schemas"] = dict(sorted((components["schemas"] | schemas()).items()))
    components["responses"] = shared()
    for response in components["responses"].values():
        _add_header(response)
    for method, operation, context in operations(document, routes):
        _describe_access(operation, context)
        operation["operationId"] = str(context.name)
        openapi_headers.add_headers(method, operation, context)
        add_problems(method, operation)
        for response in operation["responses"].values():
            if "$ref" not in response:
                _add_header(response)
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    restrict_inputs(document)
    add_examples(document)


def operations(
    document: Json, routes: Sequence[BaseRoute]
) -> Iterator[tuple[str, Json, RouteContext]]:
    """Yield every operation that is described, with its method and its route."""
    for context in iter_route_contexts(routes):
        if isinstance(context.original_route, APIRoute) and context.include_in_schema:
            for method in context.methods or ():
                yield method, document["paths"][context.path_format][method.lower()], context


def _describe_access(operation: Json, context: RouteContext) -> None:
    """Say who may call an operation, and which headers count for it."""
    calls = [each.call for each in context.dependant.dependencies]
    parameters = operation.setdefault("parameters", [])
    if public in calls:
        operation.setdefault("security", [])
    else:
        operation.setdefault("security", [*ANY_SCHEME])
        parameters.append({"$ref": "#/components/parameters/OrganizationId"})
        parameters.append({"$ref": "#/components/parameters/TeamId"})
    parameters.append({"$ref": "#/components/parameters/RequestId"})
    if platform in calls:
        operation["x-platform"] = True
        operation["description"] += "\n\nFor platform administrators, signed in as themselves."
    for call in calls:
        if isinstance(call, Requirement):
            operation["x-permission"] = call.permission
            operation["description"] += f"\n\nNeeds the permission `{call.permission}`."


def _add_header(response: Json) -> None:
    response.setdefault("headers", {})["X-Request-ID"] = {"$ref": "#/components/headers/RequestId"}
