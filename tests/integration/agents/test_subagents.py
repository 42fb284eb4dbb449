"""Agents that ask others: runs of their own, told in the stream of the first."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from typing import Final

import pytest

from approving import (
    LETTER,
    Post,
    approvals,
    approved,
    asked,
    decide,
    followed,
    guarded,
    use,
    went_on,
)
from budgeting import limit
from folkmoot.agents.delegating import Bounds
from folkmoot.kit.subject import Subject
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Heard, Reply, Tokens, hangs, says
from subagenting import BOSS, WRITER, asks, demand_valid, own, runs, subagents
from talking import Frame, Platform, Talker, body, frames, platform, text_of

pytestmark = pytest.mark.anyio

PATIENCE: Final = 30.0
Start = Callable[..., AbstractAsyncContextManager[Platform]]


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def start(
    app_address: str, writer_address: str, provider: FakeProvider, subject: Subject, post: Post
) -> Start:
    """How a process of the deployment is started."""
    return partial(
        platform,
        app_address,
        writer_address,
        provider,
        agents=[BOSS, WRITER],
        tools=post.tools(),
        permissions=subject.permissions,
    )


@pytest.fixture
async def serving(start: Start) -> AsyncIterator[Platform]:
    async with start() as running:
        yield running


def result(stream: list[Frame]) -> str:
    """Return what the model was told that it was given for its last call."""
    found = [frame.event["content"] for frame in own(stream) if frame.type == "TOOL_CALL_RESULT"]
    return str(found[-1])


@pytest.mark.core
async def test_what_a_subagent_does_is_a_run_of_its_own_and_seen_in_the_stream(
    ada: Talker, provider: FakeProvider
) -> None:
    calculating = Reply(uses=[use("calculator", {"expression": "6 * 7"})], tokens=Tokens(5, 1))
    provider.script([asks("Count!"), calculating, says("42 roses.", tokens=Tokens(9, 2))])
    provider.script([says("Here: 42.", tokens=Tokens(20, 3))])
    stream = await ada.ask("How many?", "t1")
    demand_valid(stream)
    (begun, name), (over, _) = subagents(stream)
    assert (begun, over) == ("STARTED", "FINISHED")
    assert text_of(own(stream)) == "Here: 42."
    inner = [frame for frame in stream if frame.event.get("subagentRunId") == name]
    assert text_of(inner) == "42 roses."
    assert "TOOL_CALL_RESULT" in {frame.type for frame in inner}
    assert inner[0].event["parentToolCallId"] == stream[1].event["toolCallId"]
    assert (inner[0].event["name"], inner[0].event["description"]) == ("writer", "For poems.")
    assert (inner[-1].event["result"], result(stream)) == ("42 roses.", "42 roses.")
    parent, child = await runs(ada)
    assert (child["id"], child["kind"], child["agent"]) == (name, "subagent", "writer")
    assert child["parent_run_id"] == parent["id"]
    assert await runs(ada, parent_run_id=parent["id"]) == [child]
    assert child["usage"][0]["inputTokens"] == 14
    assert sum(each["inputTokens"] for each in parent["usage"]) > 34
    said = [each["content"] for each in await ada.messages("t1")]
    assert "Here: 42." in said
    assert "Count!" not in said
    assert said.count("42 roses.") == 1  # what the tool gave; what was said inside is not of here


async def test_who_sees_the_events_of_others_in_between_brings_none_of_them_along(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("Yes.")])
    inner = {"id": "m1", "role": "assistant", "content": "Inside.", "subagentRunId": "s1"}
    wanted = body("And?", "t2")
    wanted["messages"].insert(0, inner)
    await ada.send(wanted)
    assert [each["content"] for each in await ada.messages("t2")] == ["And?", "Yes."]


async def test_agents_that_ask_each_other_come_to_an_end(
    ada: Talker, provider: FakeProvider
) -> None:
    def deeper(heard: Heard) -> Reply:
        return asks("Go on.") if "ask_writer" in heard.tools else says("This is the bottom.")

    provider.script([deeper] * 4 + [says("Up.")] * 3)
    stream = await ada.ask("Go on.")
    demand_valid(stream)
    assert [type_ for type_, _ in subagents(stream)] == ["STARTED"] * 3 + ["FINISHED"] * 3
    parents = [
        frame.event.get("parentSubagentRunId")
        for frame in stream
        if frame.type == "SUBAGENT_STARTED"
    ]
    names = [name for type_, name in subagents(stream) if type_ == "STARTED"]
    assert parents == [None, *names[:2]]
    assert len(await runs(ada, kind="subagent")) == 3


async def test_only_so_many_are_asked_at_once_and_in_all(
    start: Start, subject: Subject, provider: FakeProvider
) -> None:
    def answer(heard: Heard) -> Reply:
        return says("Done.", delay=0.02)

    provider.script([asks("a", "b", "c", "d"), *[answer] * 4])
    async with start(bounds=Bounds(at_once=2, in_all=3)) as running:
        stream = await running.talker(subject).ask("All at once.")
        demand_valid(stream)
        results = [f.event["content"] for f in own(stream) if f.type == "TOOL_CALL_RESULT"]
    assert [text.startswith("Error: One turn may ask 3") for text in results].count(True) == 1
    assert len(subagents(stream)) == 6
    active, most = 0, 0
    for type_, _ in subagents(stream):
        active += 1 if type_ == "STARTED" else -1
        most = max(most, active)
    assert most == 2


async def test_the_limit_of_a_run_holds_for_all_that_it_has_asked(
    ada: Talker, provider: FakeProvider, serving: Platform
) -> None:
    await limit(serving.settings, ada.subject, "3 calls per run")
    provider.script([asks("a", "b"), says("One."), says("Two."), says("Never.")])
    stream = await ada.ask("Spend.")
    demand_valid(stream)
    assert stream[-1].event["code"] == "budget_exceeded"
    assert len(provider.chats) == 3


async def test_a_subagent_that_fails_fails_nobody_else(ada: Talker, provider: FakeProvider) -> None:
    provider.script([asks("Try."), Reply(status=400), says("A pity.")])
    stream = await ada.ask("Try.")
    demand_valid(stream)
    assert [type_ for type_, _ in subagents(stream)] == ["STARTED", "ERROR"]
    assert result(stream).startswith("Error: writer could not do it.")
    assert stream[-1].event["outcome"] == {"type": "success"}


async def test_who_cancels_a_run_cancels_those_that_it_has_begun(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([asks("Wait."), hangs()])
    wanted = body("Wait.")
    asking = asyncio.create_task(ada.send(wanted))
    await provider.until(lambda: len(provider.chats) == 2)
    async with ada.http() as client, asyncio.timeout(PATIENCE):
        await client.post(f"/api/v1/runs/{wanted['runId']}/cancel")
        stream = await asking
        (child,) = await runs(ada, kind="subagent")
        inner = frames((await client.get(f"/api/v1/runs/{child['id']}/events")).content)
    demand_valid(stream)
    assert stream[-1].event["outcome"] == inner[-1].event["outcome"] == {"type": "cancelled"}
    error = next(frame for frame in stream if frame.type == "SUBAGENT_ERROR")
    assert error.event["code"] == "run_cancelled"


async def test_in_a_process_that_stops_nobody_is_asked_and_the_run_goes_on_elsewhere(
    start: Start, subject: Subject, provider: FakeProvider
) -> None:
    async with start() as first, start() as heir:

        def stopping(heard: Heard) -> Reply:
            first.supervisor.draining = True
            return asks("Go on.")

        provider.script([stopping, says("This is the bottom."), says("Up.")])
        wanted = body("Go on.")
        asking = asyncio.create_task(first.talker(subject).send(wanted))
        await provider.until(lambda: provider.chats)
        await first.supervisor.drain(grace=PATIENCE)
        await asyncio.gather(asking, return_exceptions=True)
        stream = await followed(heir.talker(subject), wanted["runId"])
    demand_valid(stream)
    assert text_of(own(stream)) == "Up."
    assert result(stream) == "This is the bottom."


async def test_a_process_that_stops_hands_a_run_over_with_those_that_it_has_begun(
    start: Start, subject: Subject, provider: FakeProvider
) -> None:
    provider.script([asks("Wait."), hangs(), says("Roses."), says("Here.")])
    wanted = body("Wait.")
    async with start() as first:
        asking = asyncio.create_task(first.talker(subject).post(wanted))
        await provider.until(lambda: len(provider.chats) == 2)
        await first.supervisor.drain(grace=0)
        await asyncio.wait([asking])
        async with start() as second, asyncio.timeout(PATIENCE):
            stream = await followed(second.talker(subject), wanted["runId"])
    demand_valid(stream)
    assert [type_ for type_, _ in subagents(stream)] == ["STARTED", "FINISHED"]
    assert text_of(own(stream)) == "Here."


async def test_what_a_subagent_has_read_taints_the_agent_that_asked(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    provider.script([asks("Read!"), Reply(uses=[use("read")]), says("Send it!")])
    provider.script([Reply(uses=[use("send", LETTER)])])
    turn = await asked(ada)
    (interrupt,) = turn.interrupts
    assert interrupt["metadata"]["why"] == "untrusted_input"
    assert "subagentRunId" not in interrupt
    assert post.sent == []


@pytest.mark.parametrize("by_the_protocol", [True, False])
async def test_a_call_inside_of_a_subagent_waits_for_somebody_and_then_all_goes_on(
    ada: Talker, provider: FakeProvider, post: Post, by_the_protocol: bool
) -> None:
    await guarded(ada, approve_always=["send"])
    sending = Reply(uses=[use("send", LETTER)])
    provider.script([asks("Pass it on."), asks("Send it."), sending])
    turn = await asked(ada)
    demand_valid(turn.stream)
    (interrupt,) = turn.interrupts
    (outer, inner) = (name for type_, name in subagents(turn.stream) if type_ == "STARTED")
    assert (interrupt["subagentRunId"], interrupt["metadata"]["path"]) == (inner, ["writer"] * 2)
    ends = [frame.event for frame in turn.stream if frame.type == "SUBAGENT_FINISHED"]
    assert [end["outcome"]["interruptIds"] for end in ends] == [[interrupt["id"]], []]
    (approval,) = await approvals(ada, state="pending")
    assert (approval["path"], approval["arguments"]) == (["writer"] * 2, LETTER)
    assert approval["asked_by"] == inner
    provider.script([says("Sent."), says("It is passed on."), says("All done.")])
    if by_the_protocol:
        stream = await turn.resume(approved(interrupt["id"]))
    else:
        stream = await went_on(ada, await decide(ada, interrupt["id"]))
    demand_valid(stream)
    assert [name for type_, name in subagents(stream) if type_ == "STARTED"] == [outer, inner]
    assert text_of(own(stream)) == "All done."
    assert result(stream) == "It is passed on."
    assert post.sent == [LETTER]
    assert [each["state"] for each in await runs(ada, kind="subagent")].count("finished") == 2


async def test_a_version_that_may_not_be_asked_is_not_offered(
    start: Start, subject: Subject, provider: FakeProvider
) -> None:
    lonely = replace(BOSS, subagents=(*BOSS.subagents, replace(BOSS.subagents[0], agent="nobody")))
    provider.script([lambda heard: says(" ".join(sorted(heard.tools)))])
    async with start(agents=[lonely, WRITER]) as running:
        stream = await running.talker(subject).ask("Who is there?")
    assert text_of(stream) == "ask_writer calculator send"
