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
from dying import AGENT, Moment, Order, lever, question
from folkmoot.kit.subject import Subject
from folkmoot.runs.ledger import NEEDS_REVIEW, UNCERTAIN
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says, uses
from talking import custom, frames, platform

pytestmark = pytest.mark.anyio

PATIENCE = 30.0


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
    app_address: str,
    writer_address: str,
    superuser_address: str,
    subject: Subject,
    provider: FakeProvider,
    tmp_path: Path,
    moment: Moment,
    idempotent: bool,
    times: int,
    result: str,
) -> None:
    provider.script([uses("lever"), says("Done.")])
    effects, asked = tmp_path / "effects", question("Pull the lever")
    order = Order(
        moment,
        idempotent,
        str(effects),
        app_address,
        writer_address,
        urlsplit(provider.url).port or 0,
        subject.org_id,
        subject.user_id,
        asked,
    )
    await killed(order)
    with psycopg.connect(superuser_address) as connection:
        connection.execute("UPDATE processes SET alive = false")  # as when its lease has lapsed
    tool = lever(effects, idempotent=idempotent)
    async with (
        platform(app_address, writer_address, provider, agents=[AGENT], tools=[tool]) as heir,
        heir.talker(subject).http() as client,
        asyncio.timeout(PATIENCE),
    ):
        log = await client.get(f"/api/v1/runs/{asked['runId']}/events")
        run: dict[str, Any] = (await client.get(f"/api/v1/runs/{asked['runId']}")).json()
    stream = frames(log.content)
    assert [frame.id for frame in stream] == list(range(1, len(stream) + 1))
    assert [frame.event["content"] for frame in stream if frame.type == "TOOL_CALL_RESULT"] == [
        result
    ]
    assert effects.read_text() == "pulled\n" * times
    assert (run["state"], run["attempt"]) == ("finished", 2)
    assert [call["name"] for call in run["needs_review"]] == ["lever"] * (result == UNCERTAIN)
    assert len(custom(stream, NEEDS_REVIEW)) == (result == UNCERTAIN)


async def killed(order: Order) -> None:
    """Run the process until it is killed."""
    program = await asyncio.create_subprocess_exec(
        sys.executable, dying.__file__, msgspec.json.encode(order).decode()
    )
    async with asyncio.timeout(PATIENCE):
        assert await program.wait() == -signal.SIGKILL
