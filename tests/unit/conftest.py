"""Unit tests are quick, so all of them belong to `./test fast`."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every unit test as a core test."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.core)
