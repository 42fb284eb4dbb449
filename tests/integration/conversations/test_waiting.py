"""A message that comes while a run answers: it is refused, waits, or is said to the run."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import psycopg
import pytest

from folkmoot.agents.builtin import CHAT
from folkmoot.agents.definition import OnActiveRun
from folkmoot.conversations import waiting
from folkmoot.conversations.waiting import LONGEST, Line
from folkmoot.kit.ids import new_id
from folkmoot.kit.subject import Subject
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import hangs, says, uses
from folkmoot.tools.tool import Tool, ToolContext
from talking import Frame, Platform, Talker, body, custom, platform, text_of, types

pytestmark = pytest.mark.anyio

Json = dict[str, Any]
THREAD: Final = "t1"


@dataclass
class Gate:
    """A tool that comes back when it is let."""

    called: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, _context: ToolContext, _arguments: Json) -> str:
        self.called.set()
        await self.opened.wait()
        return "It is open."

    def tool(self) -> Tool:
        return Tool(
            name="gate",
            description="Waits.",
            parameters={"type": "object"},
            call=self.wait,
            writes=False,
            trusted=True,
        )


@dataclass
class Talk:
    """A conversation in which the first question is being answered."""

    talker: Talker
    gate: Gate
    first: Json
    answering: asyncio.Task[list[Frame]]
    asked: list[Json] = field(default_factory=list[Json])

    def ask(self, text: str, **props: object) -> asyncio.Task[list[Frame]]:
        """Ask something besides; the answer comes when its turn has come."""
        self.asked.append(body(text, THREAD, **props))
        return asyncio.create_task(self.talker.send(self.asked[-1]))

    async def waiting(self) -> list[Json]:
        async with self.talker.http() as client:
            answer = await client.get(f"/api/v1/conversations/{THREAD}/waiting")
            items: list[Json] = answer.json()["items"]
            return items

    async def until(self, *texts: str) -> list[Json]:
        """Wait until just these messages wait."""
        return await self.while_not(lambda found: [each["content"] for each in found] == [*texts])

    async def while_not(self, holds: Callable[[list[Json]], bool]) -> list[Json]:
        """Wait until something holds of what waits."""
        async with asyncio.timeout(20):
            while True:
                found = await self.waiting()
                if holds(found):
                    return found
                await asyncio.sleep(0.02)

    async def said(self) -> list[tuple[str, str]]:
        kept = await self.talker.messages(THREAD)
        return [(each["role"], each["content"]) for each in kept if each["content"]]


@pytest.fixture
async def gated(
    app_address: str, writer_address: str, provider: FakeProvider
) -> AsyncIterator[tuple[Platform, Gate]]:
    gate = Gate()
    agent = replace(CHAT, tools=("gate",))
    steered = replace(agent, id="led", slug="led", on_active_run=OnActiveRun.STEER)
    async with platform(
        app_address, writer_address, provider, agents=[agent, steered], tools=[gate.tool()]
    ) as running:
        yield running, gate
        gate.opened.set()


@pytest.fixture
async def talk(
    gated: tuple[Platform, Gate], subject: Subject, provider: FakeProvider
) -> AsyncIterator[Talk]:
    running, gate = gated
    provider.script([uses("gate")])
    talker, first = running.talker(subject), body("First?", THREAD, workflow="tools")
    answering = asyncio.create_task(talker.send(first))
    await gate.called.wait()
    yield Talk(talker, gate, first, answering)
    gate.opened.set()
    await answering


def told(provider: FakeProvider, place: int = -1) -> list[tuple[str, str | None]]:
    sent = json.loads(provider.chats[place].body)["messages"]
    return [(each["role"], each.get("content")) for each in sent if each["role"] != "system"]


@pytest.mark.core
async def test_messages_that_wait_are_answered_in_their_order(
    talk: Talk, provider: FakeProvider
) -> None:
    provider.script([says("One."), says("Two."), says("Three.")])
    second = talk.ask("Second?", on_active_run="queue")
    await talk.until("Second?")
    third = talk.ask("Third?", on_active_run="queue")
    waiting = await talk.until("Second?", "Third?")
    assert [each["message_id"] for each in waiting] == [
        each["messages"][0]["id"] for each in talk.asked
    ]
    assert {each["on_active_run"] for each in waiting} == {"queue"}
    assert await talk.said() == [("user", "First?")]
    talk.gate.opened.set()
    assert [text_of(await each) for each in (talk.answering, second, third)] == [
        "One.",
        "Two.",
        "Three.",
    ]
    assert [each for each in await talk.said() if each[0] != "tool"] == [
        ("user", "First?"),
        ("assistant", "One."),
        ("user", "Second?"),
        ("assistant", "Two."),
        ("user", "Third?"),
        ("assistant", "Three."),
    ]
    assert not await talk.waiting()


async def test_one_that_cannot_be_begun_is_tried_again(
    talk: Talk, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, failures = Line._take, [RuntimeError()]

    async def taken(*asked: Any) -> bool:
        if failures:
            raise failures.pop()
        return await take(*asked)

    monkeypatch.setattr(Line, "_take", taken)
    provider.script([says("One."), says("Two.")])
    second = talk.ask("Second?", on_active_run="queue")
    await talk.until("Second?")
    talk.gate.opened.set()
    assert text_of(await second) == "Two."
    assert failures == []


@pytest.mark.core
async def test_a_run_at_work_is_told_before_its_next_step(
    talk: Talk, provider: FakeProvider
) -> None:
    provider.script([says("Both.")])
    joining = talk.ask("And my key is Bearer abcdefghijklmnopqrstuvwx0123", on_active_run="steer")
    await talk.until("And my key is Bearer [redacted token]")
    talk.gate.opened.set()
    stream = await talk.answering
    heard = ("user", "And my key is Bearer [redacted token]")
    assert told(provider)[2:] == [("tool", "It is open."), heard]
    (event,) = custom(stream, "message.steered")
    assert (event["message_id"], event["content"]) == (talk.asked[0]["messages"][0]["id"], heard[1])
    joined = await joining
    assert types(joined) == ["RUN_STARTED", "CUSTOM", "RUN_FINISHED"]
    assert custom(joined, "run.joined")[0]["run_id"] == talk.first["runId"]
    said = await talk.said()
    assert [role for role, _ in said] == ["user", "tool", "user", "assistant"]
    provider.script([says("Yes.")])
    await talk.talker.ask("Really?", THREAD)
    assert told(provider)[-3:] == [heard, ("assistant", "Both."), ("user", "Really?")]


async def test_what_comes_too_late_for_a_run_is_answered_after_it(
    talk: Talk, provider: FakeProvider
) -> None:
    late: list[asyncio.Task[list[Frame]]] = []
    provider.script([hangs()])
    talk.gate.opened.set()
    await provider.until(lambda: len(provider.chats) == 2)
    late.append(talk.ask("Wait!", on_active_run="steer"))
    await talk.until("Wait!")
    provider.script([says("I am listening.")])
    async with talk.talker.http() as client:
        await client.post(f"/api/v1/runs/{talk.first['runId']}/cancel")
    assert text_of(await late[0]) == "I am listening."
    assert (await talk.answering)[-1].event["outcome"] == {"type": "cancelled"}


async def test_a_message_that_waits_can_be_taken_back(talk: Talk, provider: FakeProvider) -> None:
    provider.script([says("One."), says("Three.")])
    second = talk.ask("Second?", on_active_run="queue")
    (waiting,) = await talk.until("Second?")
    third = talk.ask("Third?", on_active_run="queue")
    await talk.until("Second?", "Third?")
    path = f"/api/v1/conversations/{THREAD}/waiting"
    async with talk.talker.http() as client:
        assert (await client.delete(f"{path}/{waiting['message_id']}")).status_code == 204
        assert (await client.delete(f"{path}/{waiting['message_id']}")).status_code == 404
        await client.post(f"/api/v1/runs/{waiting['run_id']}/cancel")
        assert types(await second) == ["RUN_STARTED", "RUN_FINISHED"]
        row = (await client.get(f"/api/v1/runs/{waiting['run_id']}")).json()
    assert row["state"] == "cancelled"
    assert "waiting" not in row["input"]
    talk.gate.opened.set()
    assert text_of(await third) == "Three."
    assert ("user", "Second?") not in await talk.said()


async def test_no_more_wait_than_may_and_each_id_once(talk: Talk, provider: FakeProvider) -> None:
    post = talk.talker.post
    refused = await post(body("No?", THREAD, on_active_run="refuse"))
    assert (refused.status_code, refused.json()["code"]) == (409, "run_active")
    provider.script([says("One."), *(says(str(place)) for place in range(LONGEST))])
    streams = []
    texts = [f"{place}?" for place in range(LONGEST)]
    for place, text in enumerate(texts):
        streams.append(talk.ask(text, on_active_run="queue"))
        await talk.until(*texts[: place + 1])
    again = talk.asked[0]
    reused = await post(again | {"runId": new_id().hex})
    assert (reused.status_code, reused.json()["code"]) == (409, "line_full")
    full = await post(body("More?", THREAD, on_active_run="steer"))
    assert (full.status_code, full.json()["limit"]) == (409, LONGEST)
    async with talk.talker.http() as client:
        last = talk.asked[-1]["messages"][0]["id"]
        await client.delete(f"/api/v1/conversations/{THREAD}/waiting/{last}")
    reused = await post(again | {"runId": new_id().hex})
    assert (reused.status_code, reused.json()["code"]) == (409, "message_id_reused")
    other = await post(again | {"messages": [{"id": "x", "role": "user", "content": "Other?"}]})
    assert (other.status_code, other.json()["code"]) == (409, "run_id_reused")
    same = asyncio.create_task(talk.talker.send(again))
    talk.gate.opened.set()
    answers = [text_of(await stream) for stream in streams]
    assert answers == [*(str(place) for place in range(LONGEST - 1)), ""]
    assert text_of(await same) == "0"


async def test_two_at_once_wait_and_the_one_that_is_sent_twice_waits_once(
    talk: Talk, provider: FakeProvider
) -> None:
    provider.script([says("One."), says("Two."), says("Two.")])
    twice = body("Twice?", THREAD, on_active_run="queue")
    sent = [asyncio.create_task(talk.talker.send(twice)) for _ in range(3)]
    sent.append(talk.ask("Once?", on_active_run="queue"))
    await talk.while_not(lambda found: len(found) == 2)
    talk.gate.opened.set()
    streams = await asyncio.gather(*sent)
    assert streams[0] == streams[1] == streams[2]
    assert {text_of(stream) for stream in streams} == {"Two."}
    assert len(provider.chats) == 4


async def test_the_same_sent_again_while_it_is_put_in_line_waits_for_that(
    talk: Talk, provider: FakeProvider, app_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    demand_new, again = waiting._demand_new, list[asyncio.Task[list[Frame]]]()

    async def while_another_comes(*asked: Any) -> None:
        if not again:
            again.append(asyncio.create_task(talk.talker.send(talk.asked[-1])))
            await somebody_waits(app_address)
        await demand_new(*asked)

    monkeypatch.setattr(waiting, "_demand_new", while_another_comes)
    provider.script([says("One."), says("Two.")])
    second = talk.ask("Second?", on_active_run="queue")
    await talk.until("Second?")
    talk.gate.opened.set()
    assert await second == await again[0]
    assert text_of(await second) == "Two."


async def somebody_waits(address: str) -> None:
    """Come back when a transaction waits for a lock of another one."""
    waits = (
        "SELECT 1 FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(20), await psycopg.AsyncConnection.connect(address) as looking:
        while await (await looking.execute(waits)).fetchone() is None:
            await looking.rollback()
            await asyncio.sleep(0.02)


async def test_an_agent_can_say_what_becomes_of_such_messages(
    gated: tuple[Platform, Gate], subject: Subject, provider: FakeProvider
) -> None:
    running, gate = gated
    ada = running.talker(subject)
    provider.script([uses("gate"), says("Both.")])
    first = asyncio.create_task(ada.send(body("First?", THREAD, workflow="tools"), agent="led"))
    await gate.called.wait()
    second = asyncio.create_task(ada.send(body("Second?", THREAD), agent="led"))
    await Talk(ada, gate, {}, first).until("Second?")
    gate.opened.set()
    assert (text_of(await first), text_of(await second)) == ("Both.", "")


async def test_what_waits_goes_with_its_conversation(talk: Talk) -> None:
    second = talk.ask("Second?", on_active_run="queue")
    await talk.until("Second?")
    async with talk.talker.http() as client:
        deleted = await client.delete(f"/api/v1/conversations/{THREAD}")
        assert deleted.status_code == 204
        assert (await second)[-1].event["outcome"] == {"type": "cancelled"}
        await talk.answering
        assert (await client.get(f"/api/v1/conversations/{THREAD}")).status_code == 404


async def test_what_waits_is_begun_by_another_process_when_its_own_is_gone(
    talk: Talk,
    provider: FakeProvider,
    owner_address: str,
    app_address: str,
    writer_address: str,
    subject: Subject,
) -> None:
    """The row of the run at work ends as if its process had died right after its last word."""
    second = talk.ask("Second?", on_active_run="queue")
    (waiting,) = await talk.until("Second?")
    provider.script([says("Two.")])
    talk.talker.platform.supervisor.draining = True  # it takes nothing up any more
    async with platform(app_address, writer_address, provider) as other:
        with psycopg.connect(owner_address) as connection:
            connection.execute("ALTER TABLE runs NO FORCE ROW LEVEL SECURITY")
            connection.execute(
                "UPDATE runs SET state = 'failed', finished_at = now() WHERE client_id = %s",
                [talk.first["runId"]],
            )
            connection.execute("ALTER TABLE runs FORCE ROW LEVEL SECURITY")
        assert text_of(await second) == "Two."
        async with other.talker(subject).http() as client:
            run = (await client.get(f"/api/v1/runs/{waiting['run_id']}")).json()
    assert (run["state"], run["attempt"]) == ("finished", 1)
