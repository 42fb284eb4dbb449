"""A server of its own for each test of the embedded server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded_processes import directory
from folkmoot.db.embedded import EmbeddedPostgres


@pytest.fixture
def root() -> Iterator[Path]:
    with directory() as path:
        yield path


@pytest.fixture
def postgres(root: Path) -> Iterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(root)
    yield postgres
    postgres.stop()
