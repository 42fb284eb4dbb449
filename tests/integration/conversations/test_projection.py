"""Messages that follow from the log, whatever way the database reads its tables."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from folkmoot.agents.order import KIND
from folkmoot.conversations.projection import PROJECTIONS
from folkmoot.kit.ids import new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs.live import LiveRun
from folkmoot.runs.ports import Executor
from folkmoot.runs.records import MessageRecord
from running import Running, process

pytestmark = pytest.mark.anyio

OTHERS = 300
SAID = [f"message {number}" for number in range(6)]


async def talkative(run: LiveRun) -> None:
    """Say several things at once, so that one commit takes them all."""
    for text in SAID:
        message = run.message(text)
        message.end(MessageRecord(id=text, role="assistant", content=text))


@pytest.fixture
async def running(app_address: str, writer_address: str) -> AsyncIterator[Running]:
    executors: dict[str, Executor] = {KIND: talkative}
    async with process(app_address, writer_address, executors, projections=PROJECTIONS) as running:
        yield running


async def test_messages_of_one_commit_are_kept_in_the_order_they_were_said(
    running: Running, subject: Subject, owner_address: str
) -> None:
    names = ["thread", *(f"thread {number}" for number in range(OTHERS))]
    with psycopg.connect(owner_address) as connection:
        connection.execute("ALTER TABLE conversations NO FORCE ROW LEVEL SECURITY")
        connection.execute("ALTER TABLE messages NO FORCE ROW LEVEL SECURITY")
        connection.cursor().executemany(
            "INSERT INTO conversations (org_id, id, user_id, client_id, title)"
            " VALUES (%s, %s, %s, %s, '')",
            [(subject.org_id, new_id(), subject.user_id, name) for name in names],
        )
        connection.execute("ANALYZE conversations")
    run = await running.open(subject, KIND)
    await running.log(subject, run.id)
    with psycopg.connect(owner_address) as connection:
        rows = connection.execute("SELECT content FROM messages ORDER BY seq").fetchall()
    assert [row[0] for row in rows] == SAID
