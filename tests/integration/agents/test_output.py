"""Answers that are JSON and fit their agent's schema."""

import json
from typing import Any
from uuid import UUID

import pytest
from ag_ui.core import RunFinishedEvent

from folkmoot.kit.ids import RunId
from folkmoot.kit.subject import Subject
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says, uses
from making import MAKER, Maker, maker
from quoting import passage
from running import idle_run
from talking import Frame, Platform, body, custom, text_of

pytestmark = pytest.mark.anyio

SCHEMA = {
    "type": "object",
    "properties": {
        "answer": {"type": "string", "pattern": "^[A-Z]"},
        "parts": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["answer"],
    "additionalProperties": False,
}
GOOD = {"answer": "Forty-two.", "parts": [1, 2]}


@pytest.fixture
def grace(serving: Platform, subject: Subject) -> Maker:
    return maker(serving, subject, MAKER | {"documents:read"})


async def asking(asker: Maker, workflow: str = "plain") -> list[Frame]:
    """Ask an agent whose answers have to fit."""
    await asker.make(
        workflows=["plain", "rag", "tools"], tools=["calculator"], output_schema=SCHEMA
    )
    return await asker.send(body("What is six times seven?", workflow=workflow), "support")


def result(stream: list[Frame]) -> Any:
    assert stream[-1].type == "RUN_FINISHED", stream[-1]
    return RunFinishedEvent.model_validate(stream[-1].event).result


def asked(provider: FakeProvider, place: int = -1) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(provider.chats[place].body)
    return told


@pytest.mark.core
@pytest.mark.parametrize("workflow", ["plain", "rag", "tools"])
async def test_an_answer_that_fits_is_the_outcome_of_its_run(
    grace: Maker, provider: FakeProvider, workflow: str
) -> None:
    grace.platform.library.shelves[grace.subject.org_id] = [passage("Sums", "6 * 7 is 42.")]
    first = [uses("calculator", {"expression": "6*7"})] if workflow == "tools" else []
    provider.script([*first, says(json.dumps(GOOD))])
    stream = await asking(grace, workflow)
    assert result(stream) == json.loads(text_of(stream)) == GOOD
    assert not custom(stream, "output.rejected")
    assert not custom(stream, "citations")  # a list of numbers cites nothing
    told = asked(provider)
    assert told["response_format"]["json_schema"]["schema"] == SCHEMA
    assert json.dumps(SCHEMA, separators=(",", ":")) in told["messages"][0]["content"]


async def test_an_answer_that_does_not_fit_is_asked_for_once_more(
    grace: Maker, provider: FakeProvider
) -> None:
    wrong = json.dumps({"answer": "forty-two", "more": 1})
    provider.script(
        [uses("calculator", {"expression": "6*7"}), says(wrong), says(json.dumps(GOOD))]
    )
    stream = await asking(grace, "tools")
    assert result(stream) == GOOD
    (rejected,) = custom(stream, "output.rejected")
    assert len(rejected["faults"]) == 2
    assert [each["message_id"] for each in custom(stream, "message.cut")] == [
        rejected["message_id"]
    ]
    told = asked(provider)
    assert told["tool_choice"] == "none"
    assert told["messages"][-2]["content"] == wrong
    assert rejected["faults"][0] in told["messages"][-1]["content"]
    provider.script([says(json.dumps(GOOD))])
    again = body("And now?", stream[0].event["threadId"])
    await grace.send(again, "support")
    said = [each["content"] for each in asked(provider)["messages"]]
    assert json.dumps(GOOD) in said
    assert wrong not in "".join(map(str, said))


@pytest.mark.parametrize("wrong", ["Forty-two.", '```json\n{"answer": "Yes"}\n```', ""])
async def test_a_second_answer_that_does_not_fit_ends_the_run(
    grace: Maker, provider: FakeProvider, wrong: str
) -> None:
    provider.script([says(wrong), says(wrong)])
    stream = await asking(grace)
    assert stream[-1].type == "RUN_ERROR"
    assert stream[-1].event["code"] == "output_invalid"
    assert "no JSON" in stream[-1].event["message"]
    assert len(custom(stream, "output.rejected")) == 2
    assert len(provider.chats) == 2


async def test_a_run_that_is_taken_over_after_its_answer_tells_its_outcome(
    grace: Maker, provider: FakeProvider
) -> None:
    provider.script([says(json.dumps(GOOD))])
    stream = await asking(grace)
    async with grace.http() as client:
        row = (await client.get(f"/api/v1/runs/{stream[0].event['runId']}")).json()
    run = idle_run()
    run.subject, run.org_id = grace.subject, grace.subject.org_id
    run.id, run.input = RunId(UUID(row["id"])), row["input"]
    run.past = (await grace.platform.log(grace.subject, run.id))[:-1]
    await grace.platform.executor(run)
    assert run.result == GOOD
    assert len(provider.chats) == 1
