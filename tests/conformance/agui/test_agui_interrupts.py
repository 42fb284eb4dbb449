"""Interrupts of AG-UI 1.0: asking, and going on with the answers."""

import json
from typing import Any, Final

import pytest
from ag_ui.core import RunFinishedEvent, RunFinishedInterruptOutcome

from agui_requirements import proves
from approving import Asked, abandoned, approvals, approved, asked, guarded, results
from folkmoot.kit.ids import new_id
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Reply, Tokens, Use, says
from talking import Talker, types

pytestmark = pytest.mark.anyio

SUM: Final = Use("calculator", json.dumps({"expression": "6 * 7"}))


@pytest.fixture
async def turn(ada: Talker, provider: FakeProvider) -> Asked:
    """A run that has asked about two calls."""
    await guarded(ada, approve_always=["calculator"])
    first = Reply(uses=[SUM, SUM], tokens=Tokens(100, 10))
    provider.script([first, says("It is 42.", tokens=Tokens(7, 3))])
    return await asked(ada, "What is 6 times 7?")


def used(event: dict[str, Any]) -> list[tuple[int, int]]:
    return [(each["inputTokens"], each["outputTokens"]) for each in event["usage"]]


@proves("interrupt.outcome", "interrupt.ids")
async def test_a_run_that_asks_says_so_and_tells_its_questions_apart(turn: Asked) -> None:
    finished = RunFinishedEvent.model_validate(turn.stream[-1].event)
    assert isinstance(finished.outcome, RunFinishedInterruptOutcome)
    first, second = finished.outcome.interrupts
    assert first.id != second.id
    started = {
        frame.event["toolCallId"] for frame in turn.stream if frame.type == "TOOL_CALL_START"
    }
    assert {first.tool_call_id, second.tool_call_id} == started


@proves("resume.continuity", "resume.usage")
async def test_the_run_that_continues_answers_the_calls_of_the_first(turn: Asked) -> None:
    stream = await turn.resume(*map(approved, turn.ids))
    assert stream[0].event["threadId"] == stream[-1].event["threadId"] == turn.thread
    assert "TOOL_CALL_START" not in types(stream)
    told = [frame.event["toolCallId"] for frame in stream if frame.type == "TOOL_CALL_RESULT"]
    assert sorted(told) == sorted(each["toolCallId"] for each in turn.interrupts)
    assert used(turn.stream[-1].event) == [(100, 10)]
    assert used(stream[-1].event) == [(7, 3)]


@proves("resume.uncovered")
async def test_what_is_left_out_stays_open(ada: Talker, turn: Asked) -> None:
    first, second = turn.ids
    for answers in ([approved(first)], [abandoned(second)]):
        refused = await ada.post(turn.answering(*answers))
        assert refused.status_code == 409
    new = {**turn.body, "runId": new_id().hex}
    new["messages"] = [{"id": new_id().hex, "role": "user", "content": "Well?"}]
    assert (await ada.post(new)).status_code == 409
    assert [each["state"] for each in await approvals(ada)] == ["pending", "pending"]


@proves("resume.unrecognised")
async def test_an_answer_to_nothing_does_no_harm(turn: Asked) -> None:
    stream = await turn.resume(approved("other"), *map(approved, turn.ids))
    assert results(stream) == ["42", "42"]
