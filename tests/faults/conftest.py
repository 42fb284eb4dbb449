"""A provider and servers as processes of their own, to be killed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from deployed import Deployed, deployed


@pytest.fixture(scope="session")
def provider_url() -> Iterator[str]:
    """A fake model provider in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "folkmoot.testing.provider"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture
def environment(provider_url: str) -> dict[str, str]:
    """What a server needs to use the fake provider."""
    return {
        "OPENAI_BASE_URL": f"{provider_url}/v1",
        "OPENAI_API_KEY": "sk-test-0123456789abcdef",
        "FOLKMOOT_DEFAULT_MODEL": "openai:fake",
    }


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
