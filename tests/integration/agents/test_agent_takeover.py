"""Turns whose process dies: another one goes on with them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import psycopg
import pytest

from browser_tools import TITLE, started
from folkmoot.agents.builtin import CHAT
from folkmoot.kit.subject import Subject
from folkmoot.runs.ledger import UNCERTAIN
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Fault, Reply, Use, fails, hangs, says, uses
from folkmoot.tools.tool import Tool, ToolContext
from talking import Frame, Platform, body, custom, frames, platform, text_of

pytestmark = pytest.mark.anyio

PATIENCE = 60.0


@dataclass
class Lever:
    """A tool that never returns in the process that dies and works in every other one."""

    idempotent: bool = False
    pulled: int = 0
    stuck: bool = False
    began: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, _context: ToolContext, _arguments: dict[str, Any]) -> str:
        self.pulled += 1
        self.began.set()
        if self.stuck:
            self.stuck = False
            await asyncio.Event().wait()
        return f"pulled {self.pulled}"

    def tool(self) -> Tool:
        return Tool(
            name="lever",
            description="Has an effect.",
            parameters={"type": "object"},
            call=self,
            idempotent=self.idempotent,
        )


Start = Callable[[Lever], Awaitable[Platform]]


@pytest.fixture
async def start(
    app_address: str, writer_address: str, provider: FakeProvider
) -> AsyncIterator[Start]:
    """Start processes; all stop with the test."""
    agent = replace(CHAT, tools=("lever",))
    async with AsyncExitStack() as stack:

        async def start(lever: Lever) -> Platform:
            return await stack.enter_async_context(
                platform(
                    app_address, writer_address, provider, agents=[agent], tools=[lever.tool()]
                )
            )

        yield start


@dataclass
class Reader:
    """A client that reads a stream to its end."""

    body: bytes = b""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, response: httpx.Response) -> None:
        async for piece in response.aiter_raw():
            self.body += piece
            self.news.set()

    async def seen(self, part: bytes) -> None:
        """Wait until this has been read."""
        while part not in self.body:
            self.news.clear()
            await self.news.wait()


@dataclass
class Story:
    """What came of a question whose process died."""

    stream: bytes
    log: bytes
    messages: list[dict[str, Any]]

    @property
    def frames(self) -> list[Frame]:
        return frames(self.log)


async def survive(
    start: Start,
    subject: Subject,
    owner_address: str,
    lever: Lever,
    when: Callable[[Reader], Awaitable[object]],
    **more: object,
) -> Story:
    """Ask in one process, let it die at a point, read what another one makes of it."""
    first = await start(lever)
    asked = body("Pull the lever", "t1", workflow="tools") | more
    reader = Reader()
    async with asyncio.timeout(PATIENCE), first.talker(subject).http() as client:
        async with client.stream("POST", "/api/chat/chat", json=asked) as response:
            reading = asyncio.create_task(reader.read(response))
            await when(reader)
            second = await start(lever)
            bury(owner_address, first)
            await reading
        heir = second.talker(subject)
        async with heir.http() as other:
            log = await other.get(f"/api/v1/runs/{asked['runId']}/events")
        return Story(reader.body, log.content, await heir.messages("t1"))


def bury(owner_address: str, running: Platform) -> None:
    """Do what a process does that finds another one's lease lapsed."""
    with psycopg.connect(owner_address) as connection:
        connection.execute(
            "UPDATE processes SET alive = false WHERE id = %s", (running.supervisor.process_id,)
        )


def told(provider: FakeProvider) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = json.loads(provider.chats[-1].body)["messages"][1:]
    return messages


async def test_an_answer_that_was_cut_off_is_given_again_and_never_glued(
    start: Start, subject: Subject, owner_address: str, provider: FakeProvider
) -> None:
    provider.script([fails(Fault.HANG, text="Half an answer "), says("The whole answer.")])
    story = await survive(
        start, subject, owner_address, Lever(), lambda reader: reader.seen(b"answer ")
    )
    assert story.stream == story.log
    assert [frame.id for frame in story.frames] == list(range(1, len(story.frames) + 1))
    (cut,) = custom(story.frames, "message.cut")
    assert custom(story.frames, "run.resumed") == [{"attempt": 2, "deaths": 1}]
    starts = [f.event["messageId"] for f in story.frames if f.type == "TEXT_MESSAGE_START"]
    assert len(starts) == 2
    assert cut["message_id"] == starts[0]
    assert story.frames[-1].event["outcome"] == {"type": "success"}
    assert [(each["content"], each["cut"]) for each in story.messages] == [
        ("Pull the lever", False),
        ("Half an answer ", True),
        ("The whole answer.", False),
    ]
    assert told(provider) == [{"role": "user", "content": "Pull the lever"}]


async def test_a_call_of_which_nobody_knows_whether_it_happened_is_not_made_again(
    start: Start, subject: Subject, owner_address: str, provider: FakeProvider
) -> None:
    provider.script([uses("lever"), says("I am not sure.")])
    lever = Lever(stuck=True)
    story = await survive(start, subject, owner_address, lever, lambda _: lever.began.wait())
    assert lever.pulled == 1
    (result,) = [f.event for f in story.frames if f.type == "TOOL_CALL_RESULT"]
    assert result["content"] == UNCERTAIN
    assert told(provider)[-1]["content"] == UNCERTAIN
    assert text_of(story.frames) == "I am not sure."


async def test_a_call_that_does_no_harm_is_made_again(
    start: Start, subject: Subject, owner_address: str, provider: FakeProvider
) -> None:
    provider.script([uses("lever"), says("Pulled.")])
    lever = Lever(stuck=True, idempotent=True)
    story = await survive(start, subject, owner_address, lever, lambda _: lever.began.wait())
    assert lever.pulled == 2
    (result,) = [f.event for f in story.frames if f.type == "TOOL_CALL_RESULT"]
    assert result["content"] == "pulled 2"
    assert [each["role"] for each in story.messages] == ["user", "assistant", "tool", "assistant"]


async def test_a_call_that_has_completed_is_never_made_again(
    start: Start, subject: Subject, owner_address: str, provider: FakeProvider
) -> None:
    provider.script([uses("lever", text="Pulling. "), hangs(), says("Pulled once.")])
    lever = Lever()
    story = await survive(
        start,
        subject,
        owner_address,
        lever,
        lambda _: provider.until(lambda: len(provider.chats) == 2),
    )
    assert lever.pulled == 1
    assert [message["role"] for message in told(provider)] == ["user", "assistant", "tool"]
    assert told(provider)[1]["content"] == "Pulling. "
    assert told(provider)[2]["content"] == "pulled 1"
    assert text_of(story.frames) == "Pulling. Pulled once."
    assert custom(story.frames, "message.cut") == []


async def test_calls_that_are_the_clients_are_handed_over_by_whoever_goes_on(
    start: Start, subject: Subject, owner_address: str, provider: FakeProvider
) -> None:
    provider.script([Reply(uses=[Use("page_title"), Use("lever")])])
    lever = Lever(stuck=True, idempotent=True)
    pulled = lever.began.wait
    tools = [TITLE]
    story = await survive(start, subject, owner_address, lever, lambda _: pulled(), tools=tools)
    title, lever_call = started(story.frames)
    (result,) = [f.event for f in story.frames if f.type == "TOOL_CALL_RESULT"]
    assert (result["toolCallId"], result["content"]) == (lever_call, "pulled 2")
    outcome = {"type": "success", "pendingToolCallIds": [title]}
    assert story.frames[-1].event["outcome"] == outcome
    assert len(provider.chats) == 1
