"""The knowledge room with evaluations, a worker that takes them up, and two organisations."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ending import end
from folkmoot.evals.executing import EvaluationExecutor
from folkmoot.evals.routes import router
from folkmoot.evals.service import KIND
from folkmoot.kit.subject import Subject
from folkmoot.runs.opening import QUEUED_CHANNEL
from folkmoot.runs.taking import Taking
from knowing import Room, Visitor, room


@pytest.fixture
async def place(app_address: str, writer_address: str, tmp_path: Path) -> AsyncIterator[Room]:
    async with room(app_address, writer_address, tmp_path / "blobs") as place:
        place.app.include_router(router(place.database), prefix="/api/v1")
        executor = EvaluationExecutor(place.database, place.knowledge.retrieval)
        place.supervisor.register(KIND, executor)
        taking = Taking(place.supervisor, (KIND,), 2)
        place.supervisor.hub.channels[QUEUED_CHANNEL] = taking.wake
        worker = asyncio.create_task(taking.work())
        yield place
        await end(worker)


@pytest.fixture
def ada(place: Room, subject: Subject) -> Visitor:
    """Somebody of one organisation."""
    return place.visitor(subject)


@pytest.fixture
def eve(place: Room, other_subject: Subject) -> Visitor:
    """Somebody of another organisation."""
    return place.visitor(other_subject)
