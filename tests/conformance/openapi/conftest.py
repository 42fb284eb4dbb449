"""A server, and people of two organisations who have something of everything on it."""

from collections.abc import Iterator

import pytest

from asking_all import Body
from deployed import Deployed, deployed
from settled import Settler, newcomer, settler


@pytest.fixture(scope="module")
def server(environment: dict[str, str]) -> Iterator[Deployed]:
    """One for each module: who tries everything at random may delete an organisation, too."""
    # And signs in more often than people do.
    unlimited = {"FOLKMOOT_RATE_LIMITS__AUTH_PER_ADDRESS": "off"}
    with deployed(environment | unlimited) as server:
        yield server


@pytest.fixture(scope="module")
def description(server: Deployed) -> Body:
    described: Body = server.get("/openapi.json").json()
    return described


@pytest.fixture(scope="module")
def ada(server: Deployed) -> Iterator[Settler]:
    """The first administrator."""
    with settler(server, server.headers) as ada:
        yield ada


@pytest.fixture(scope="module")
def eve(server: Deployed) -> Iterator[Settler]:
    """The owner of another organisation."""
    with settler(server, newcomer(server)) as eve:
        yield eve
