"""Walk an application's routes and look at who may call them."""

from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from folkmoot.http.access import Requirement, public, signed_in


def api_routes(app: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    """Yield every API route with its full path."""
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            yield str(context.path), context.original_route


def unguarded(app: FastAPI) -> list[str]:
    """Return the paths of routes that do not say exactly once who may call them."""
    return [path for path, route in api_routes(app) if len(_markers(route)) != 1]


def permissions(app: FastAPI) -> set[str]:
    """Return every permission that some route asks for."""
    return {
        marker.permission
        for _, route in api_routes(app)
        for marker in _markers(route)
        if isinstance(marker, Requirement)
    }


def _markers(route: APIRoute) -> list[object]:
    declared = [dependency.dependency for dependency in route.dependencies]
    return [
        found
        for found in declared
        if isinstance(found, Requirement) or found is public or found is signed_in
    ]
