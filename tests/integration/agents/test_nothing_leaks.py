"""Nothing of a turn reaches another one: graphs are shared, turns are not."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from folkmoot.agents.builtin import CHAT
from folkmoot.agents.graphs import compiled
from folkmoot.agents.turn import Turn
from folkmoot.kit.subject import Subject
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Heard, Reply, says, uses
from folkmoot.tools.tool import Tool, ToolContext
from talking import Platform, Talker, body, frames, platform, text_of

pytestmark = pytest.mark.anyio

TURNS = 40


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that serves outside of tests: the other one keeps cancelled timers for a while."""
    return "asyncio", {"use_uvloop": True}


@dataclass
class Witness:
    """A tool that notes for whom it was called and with what."""

    seen: list[tuple[Subject, str, str]] = field(default_factory=list[tuple[Subject, str, str]])

    async def __call__(self, context: ToolContext, arguments: dict[str, Any]) -> str:
        self.seen.append((context.subject, context.run.thread_id, arguments["word"]))
        return f"witnessed {arguments['word']}"

    def tool(self) -> Tool:
        return Tool(
            name="witness",
            description="Notes.",
            parameters={"type": "object", "required": ["word"]},
            call=self,
        )


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
async def serving(
    app_address: str, writer_address: str, provider: FakeProvider, witness: Witness
) -> AsyncIterator[Platform]:
    agent = replace(CHAT, tools=("witness",))
    async with platform(
        app_address, writer_address, provider, agents=[agent], tools=[witness.tool()]
    ) as running:
        yield running


def reply(heard: Heard) -> Reply:
    """Call the tool with the asker's word, then say it; fail or hang if asked to."""
    word = heard.asked.split()[0]
    if "fail" in heard.asked:
        return Reply(status=400)
    if "hang" in heard.asked:
        return replace(says(word + " "), delay=0.01, text=[word + " "] * 10_000)
    if heard.tools and not heard.results:
        return uses("witness", {"word": word})
    return says(f"{word} with {heard.model}")


def words(text: str) -> set[str]:
    return {word.strip('".,') for word in text.split() if word.startswith("word-")}


async def test_turns_at_the_same_time_know_nothing_of_each_other(
    ada: Talker, eve: Talker, provider: FakeProvider, witness: Witness
) -> None:
    provider.script([reply] * (TURNS * 3))

    async def turn(number: int) -> None:
        talker = (ada, eve)[number % 2]
        word, kind = f"word-{number}", ("fail", "", "", "")[number % 4]
        asked = body(
            f"{word} {kind}",
            f"thread-{number}",
            model=f"openai:model-{number}",
            workflow=("plain", "tools", "rag")[number % 3],
        )
        stream = await talker.send(asked)
        said = json.dumps([frame.event for frame in stream])
        assert {each for each in said.split() if "word-" in each} <= {
            each for each in said.split() if word in each
        }
        if not kind:
            assert text_of(stream) == f"{word} with model-{number}"

    await asyncio.gather(*(turn(number) for number in range(TURNS)))
    for chat in provider.chats:
        asker = int(chat.heard.model.removeprefix("model-"))
        assert words(json.loads(chat.body)["messages"][-1]["content"]) <= {f"word-{asker}"}
        assert bool(chat.heard.tools) is (asker % 3 == 1)
    for subject, thread, word in witness.seen:
        number = int(word.removeprefix("word-"))
        assert thread == f"thread-{number}"
        assert subject.org_id == (ada, eve)[number % 2].subject.org_id


async def test_a_turn_after_one_that_failed_or_was_cancelled_starts_clean(
    ada: Talker, eve: Talker, provider: FakeProvider
) -> None:
    provider.script([reply] * 20)
    for number in range(4):
        await ada.ask(f"word-a{number} fail", "t1", workflow="tools")
        asked = body(f"word-b{number} hang", "t1", workflow="plain")
        async with (
            ada.http() as client,
            client.stream("POST", "/api/chat/chat", json=asked) as response,
        ):
            lines = response.aiter_lines()
            async for line in lines:
                if "TEXT_MESSAGE_CONTENT" in line:
                    break
            await client.post(f"/api/v1/runs/{asked['runId']}/cancel")
            async for line in lines:
                if "RUN_FINISHED" in line:
                    break
        stream = await eve.ask(f"word-c{number}", workflow="plain", model="openai:other")
        assert text_of(stream) == f"word-c{number} with other"
        told = json.loads(provider.chats[-1].body)["messages"]
        assert [message["role"] for message in told] == ["system", "user"]


async def test_no_turn_outlives_its_run(ada: Talker, provider: FakeProvider) -> None:
    provider.script([reply] * 9)
    await ada.ask("word-1", workflow="tools")
    await ada.ask("word-2 fail")
    await ada.ask("word-3")
    gc.collect()
    assert [each for each in gc.get_objects() if isinstance(each, Turn)] == []


async def test_a_graph_is_compiled_once_whoever_asks(
    ada: Talker, eve: Talker, provider: FakeProvider
) -> None:
    provider.script([reply] * 9)
    await ada.ask("word-1")
    before = compiled.cache_info().misses
    await ada.ask("word-2", model="openai:other")
    await eve.ask("word-3")
    assert compiled.cache_info().misses == before


async def test_a_stream_that_nobody_reads_holds_nothing_back(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([reply])
    asked = body("word-1", "t1")
    async with ada.http() as client:
        async with client.stream("POST", "/api/chat/chat", json=asked):
            pass
        log = await client.get(f"/api/v1/runs/{asked['runId']}/events")
    assert frames(log.content)[-1].type == "RUN_FINISHED"
