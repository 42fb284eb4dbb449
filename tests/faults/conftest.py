"""A server as a process of its own, to be killed."""

from collections.abc import Iterator

import pytest

from deployed import Deployed, deployed


@pytest.fixture
def server(environment: dict[str, str]) -> Iterator[Deployed]:
    """A running server."""
    with deployed(environment) as server:
        yield server
