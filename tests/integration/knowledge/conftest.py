"""One process with the knowledge room, and two organisations that use it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from folkmoot.kit.subject import Subject
from knowing import Room, Visitor, room


@pytest.fixture
async def place(app_address: str, writer_address: str, tmp_path: Path) -> AsyncIterator[Room]:
    async with room(app_address, writer_address, tmp_path / "blobs") as place:
        yield place


@pytest.fixture
def ada(place: Room, subject: Subject) -> Visitor:
    """Somebody of one organisation."""
    return place.visitor(subject)


@pytest.fixture
def eve(place: Room, other_subject: Subject) -> Visitor:
    """Somebody of another organisation."""
    return place.visitor(other_subject)
