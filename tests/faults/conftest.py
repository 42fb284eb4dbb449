"""Servers as processes of their own, to be killed."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from deployed import Deployed, deployed


@pytest.fixture
def server(environment: dict[str, str]) -> Iterator[Deployed]:
    """A running server."""
    with deployed(environment) as server:
        yield server


@pytest.fixture
def pair(environment: dict[str, str]) -> Iterator[tuple[Deployed, Deployed]]:
    """Two servers over one database."""
    with ExitStack() as stack:
        first = stack.enter_context(deployed(environment))
        second = Deployed(first.directory, first.environment, log_name="second.log")
        second.start()
        stack.callback(second.stop)
        yield first, second
