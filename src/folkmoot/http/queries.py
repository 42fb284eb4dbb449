"""Query parameters that an operation does not take are refused, by one part for all routes.

A filter that is misspelt would otherwise show everything.
"""

from collections.abc import Iterator
from typing import Final

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from starlette.requests import HTTPConnection

from folkmoot.http.access_log import chosen
from folkmoot.kit.errors import Invalid

SHOWN: Final = 80
"""Characters of a wrong name that the answer repeats."""
MOST: Final = 20
"""Wrong names that it repeats."""


class ParameterUnknown(Invalid):
    code = "parameter_unknown"

    def __init__(self, given: list[str], taken: list[str]) -> None:
        names = ", ".join(taken) or "none"
        super().__init__(
            f"There is no such query parameter here: {', '.join(given)}. There are: {names}.",
            errors=[
                {"pointer": f"/query/{_escaped(name)}", "detail": "There is no such parameter."}
                for name in given
            ],
        )


async def any_query() -> None:
    """Mark a route to which others send people, with whatever they add."""


ANY_QUERY: Final = Depends(any_query)


async def known(connection: HTTPConnection) -> None:
    """Fail if there are query parameters that the route does not take."""
    if not connection.scope["query_string"]:
        return
    taken = _taken(chosen(connection.scope).dependant)
    if taken is None:
        return
    given = [name for name in connection.query_params if name not in taken]
    if given:
        raise ParameterUnknown([name[:SHOWN] for name in given[:MOST]], sorted(taken))


KNOWN_QUERY: Final = Depends(known)


def _taken(dependant: Dependant) -> frozenset[str] | None:
    """Return the query parameters of a route; None if it takes any."""
    if any(each.call is any_query for each in dependant.dependencies):
        return None
    return frozenset(_query(dependant))


def _query(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for dependency in dependant.dependencies:
        yield from _query(dependency)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
