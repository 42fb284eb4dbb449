"""A process is killed while one agent works for another."""

import asyncio
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import psycopg
import pytest

import dying
from approving import followed
from dying import Moment, Order, lever
from folkmoot.kit.subject import Subject
from folkmoot.runs.ledger import UNCERTAIN
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says, uses
from subagenting import demand_valid, own, runs, subagents
from talking import body, platform, text_of

pytestmark = pytest.mark.anyio

PATIENCE = 30.0


@pytest.fixture
def order(
    app_address: str, writer_address: str, subject: Subject, provider: FakeProvider, tmp_path: Path
) -> Order:
    """What a process is told that dies while one agent works for another."""
    provider.script([uses("ask_helper", {"task": "Pull the lever."})])
    provider.script([uses("lever"), says("I did."), says("It is done.")])
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
        delegated=True,
    )


@pytest.mark.parametrize(
    ("moment", "attempts", "result"),
    [
        (Moment.IN_THE_TOOL, [2, 2], UNCERTAIN),
        (Moment.AFTER_THE_SUBAGENT, [2, 1], "pulled"),
    ],
)
async def test_a_subagent_goes_on_under_its_id_and_one_that_is_done_is_not_asked_again(
    order: Order,
    superuser_address: str,
    subject: Subject,
    provider: FakeProvider,
    moment: Moment,
    attempts: list[int],
    result: str,
) -> None:
    order.moment = moment
    program = await asyncio.create_subprocess_exec(
        sys.executable, dying.__file__, msgspec.json.encode(order).decode()
    )
    async with asyncio.timeout(PATIENCE):
        assert await program.wait() == -signal.SIGKILL
    with psycopg.connect(superuser_address) as connection:
        connection.execute("UPDATE processes SET alive = false")  # as when its lease has lapsed
    async with (
        platform(
            order.app_address,
            order.writer_address,
            provider,
            agents=order.agents,
            tools=[lever(order)],
        ) as heir,
        asyncio.timeout(PATIENCE),
    ):
        talker = heir.talker(subject)
        stream = await followed(talker, order.question["runId"])
        parent, child = await runs(talker)
    demand_valid(stream)
    assert [type_ for type_, _ in subagents(stream)] == ["STARTED", "FINISHED"]
    assert {name for _, name in subagents(stream)} == {child["id"]}
    inner = [frame for frame in stream if "subagentRunId" in frame.event]
    assert [f.event["content"] for f in inner if f.type == "TOOL_CALL_RESULT"] == [result]
    assert text_of(own(stream)) == "It is done."
    assert [parent["state"], child["state"]] == ["finished", "finished"]
    assert [parent["attempt"], child["attempt"]] == attempts
    assert (order.taken, len(provider.chats)) == (1, 4)
