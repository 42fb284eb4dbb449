"""A process is killed around a tool call: nothing that has completed happens twice."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import psycopg
import pytest

import dying
from dying import AGENT, Moment, Order, lever
from folkmoot.kit.subject import Subject
from folkmoot.runs.ledger import NEEDS_REVIEW, UNCERTAIN
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says, uses
from talking import body, custom, frames, platform

pytestmark = pytest.mark.anyio

PATIENCE = 60.0


@pytest.fixture
def order(
    app_address: str, writer_address: str, subject: Subject, provider: FakeProvider, tmp_path: Path
) -> Order:
    """What a process is told that dies in the middle of a call."""
    provider.script([uses("lever"), says("Done.")])
    return Order(
        Moment.IN_THE_TOOL,
        idempotent=False,
        effects=str(tmp_path / "effects"),
        app_address=app_address,
        writer_address=writer_address,
        provider_port=urlsplit(provider.url).port or 0,
        org_id=subject.org_id,
        user_id=subject.user_id,
        question=body("Pull the lever", "t1", workflow="tools"),
    )


@pytest.mark.parametrize(
    ("moment", "idempotent", "times", "result"),
    [
        (Moment.IN_THE_TOOL, False, 1, UNCERTAIN),
        (Moment.IN_THE_TOOL, True, 2, "pulled"),
        (Moment.BEFORE_THE_RECORD, False, 1, UNCERTAIN),
        (Moment.AFTER_THE_RECORD, False, 1, "pulled"),
        (Moment.AFTER_THE_RECORD, True, 1, "pulled"),
    ],
)
async def test_a_call_that_completed_is_never_made_again_and_an_uncertain_one_is_shown(
    order: Order,
    superuser_address: str,
    subject: Subject,
    provider: FakeProvider,
    moment: Moment,
    idempotent: bool,
    times: int,
    result: str,
) -> None:
    order.moment, order.idempotent = moment, idempotent
    await killed(order)
    with psycopg.connect(superuser_address) as connection:
        connection.execute("UPDATE processes SET alive = false")  # as when its lease has lapsed
    tool, path = lever(order), f"/api/v1/runs/{order.question['runId']}"
    async with (
        platform(
            order.app_address, order.writer_address, provider, agents=[AGENT], tools=[tool]
        ) as heir,
        heir.talker(subject).http() as client,
        asyncio.timeout(PATIENCE),
    ):
        stream = frames((await client.get(f"{path}/events")).content)
        run: dict[str, Any] = (await client.get(path)).json()
    results = [frame.event["content"] for frame in stream if frame.type == "TOOL_CALL_RESULT"]
    assert results == [result]
    assert [frame.id for frame in stream] == list(range(1, len(stream) + 1))
    assert order.taken == times
    assert (run["state"], run["attempt"]) == ("finished", 2)
    assert [call["name"] for call in run["needs_review"]] == ["lever"] * (result == UNCERTAIN)
    assert len(custom(stream, NEEDS_REVIEW)) == (result == UNCERTAIN)


async def test_a_run_in_the_background_goes_on_under_its_id_after_its_worker_was_killed(
    order: Order, superuser_address: str, subject: Subject, provider: FakeProvider
) -> None:
    order.moment = Moment.AFTER_THE_RECORD
    order.question = {"agent_id": "chat", "input": "Pull the lever", "workflow": "tools"}
    await killed(order)
    with psycopg.connect(superuser_address) as connection:
        (taken,) = connection.execute("SELECT id::text, state FROM runs").fetchall()
        connection.execute("UPDATE processes SET alive = false")
    async with (
        platform(
            order.app_address,
            order.writer_address,
            provider,
            agents=[AGENT],
            tools=[lever(order)],
            permissions=frozenset({"agents:run"}),
        ) as heir,
        heir.talker(subject).http() as client,
        asyncio.timeout(PATIENCE),
    ):
        await client.get(f"/api/v1/runs/{taken[0]}/events")
        (run,) = (await client.get("/api/v1/runs")).json()["items"]
    assert taken == (run["id"], "running")
    assert (run["state"], run["attempt"], order.taken) == ("finished", 2, 1)


async def killed(order: Order) -> None:
    """Run the process until it is killed."""
    program = await asyncio.create_subprocess_exec(
        sys.executable, dying.__file__, msgspec.json.encode(order).decode()
    )
    async with asyncio.timeout(PATIENCE):
        assert await program.wait() == -signal.SIGKILL
