"""The whole application, and a walk along its routes to see who may call them."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts

from folkmoot import assembly, main
from folkmoot.assembly import Ground
from folkmoot.db.place import Place
from folkmoot.http.access import Requirement, personal, platform, public, signed_in
from folkmoot.settings.deployment import Deployment

MARKERS: Final = (public, signed_in, personal, platform)


@cache
def whole_application() -> FastAPI:
    """Return the application as it is served, over parts that are connected to nothing.

    To put it together and to describe it takes a second: it is the same for all who look at it.
    """
    return main.application(assembly.at_rest(nowhere()))


def nowhere() -> Ground:
    """Return ground for parts that are connected to nothing."""
    return Ground(Deployment(blobs_url="memory:///"), Place("host=nowhere", "k"), "k", Path())


def routes(app: FastAPI) -> Iterator[tuple[str, list[object]]]:
    """Yield the path of every route, and how it says who may call it: that should be one thing."""
    for context in iter_route_contexts(app.routes):
        yield str(context.path), list(_markers(context))


def _markers(context: RouteContext) -> Iterator[object]:
    dependant = getattr(context, "dependant", None)  # Starlette's own routes have none
    for dependency in dependant.dependencies if dependant else ():
        if isinstance(dependency.call, Requirement) or dependency.call in MARKERS:
            yield dependency.call
