"""What becomes of turns for which there is no room, or no time."""

import json
from typing import Any

import pytest

from folkmoot.kit.subject import Subject
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Reply, hangs, says, uses
from making import Maker, maker
from talking import Platform, body, custom, text_of

pytestmark = pytest.mark.anyio

LONG = "9" * 400 + "+1"
"""A sum whose call takes a hundred tokens."""


@pytest.fixture
def grace(serving: Platform, subject: Subject) -> Maker:
    return maker(serving, subject)


def sums(count: int) -> list[Reply]:
    """Compute what takes much room."""
    return [uses("calculator", {"expression": LONG}) for _ in range(count)]


def shown(provider: FakeProvider, place: int = -1) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = json.loads(provider.chats[place].body)["messages"]
    return messages


def results(provider: FakeProvider) -> list[str]:
    return [each["content"] for each in shown(provider) if each["role"] == "tool"]


async def test_the_oldest_results_are_left_out_where_there_is_no_room(
    grace: Maker, provider: FakeProvider
) -> None:
    await grace.make(workflows=["tools"], tools=["calculator"], context_tokens=1_000)
    provider.script([*sums(11), says("Done.")])
    with_room = [*sums(2), says("Done.")]
    stream = await grace.send(body("Add."), "support")
    left_out = [result.startswith("[This result was left out") for result in results(provider)]
    assert left_out == [True] * 8 + [False] * 3
    told = [each["results"] for each in custom(stream, "context.condensed")]
    assert told == sorted(set(told))
    assert told[-1] == 8
    assert text_of(stream) == "Done."
    provider.script(with_room)
    stream = await grace.send(body("Add."), "support")
    assert not custom(stream, "context.condensed")


async def test_what_a_turn_has_done_is_summarised_and_its_question_stays(
    grace: Maker, provider: FakeProvider
) -> None:
    await grace.make(
        workflows=["tools"],
        tools=["calculator"],
        context_tokens=1_000,
        context_policy="summarize",
    )
    summary = says("The sum is a long number.")
    provider.script([*sums(10), summary, says("Done.")])
    stream = await grace.send(body("Add all of them."), "support")
    assert text_of(stream) == "Done."
    (told,) = custom(stream, "context.condensed")
    assert (told["policy"], told["summary"]) == ("summarize", "The sum is a long number.")
    asked = shown(provider, -2)[1]["content"]
    assert "user: Add all of them." in asked
    assert f"calculator({json.dumps({'expression': LONG}, separators=(',', ':'))})" in asked
    question, condensed, *after = shown(provider)[1:]
    assert question == {"role": "user", "content": "Add all of them."}
    assert "The sum is a long number." in condensed["content"]
    assert [each["role"] for each in after] == ["assistant", "tool"] * 3


async def test_what_was_said_before_takes_half_of_the_room(
    grace: Maker, provider: FakeProvider
) -> None:
    await grace.make(context_tokens=1_000)
    provider.script([says("One."), says("Two."), says("Three.")])
    for question in ("x" * 1_400, "y" * 1_400, "And now?"):
        await grace.send(body(question, "t1"), "support")
    assert [each["content"] for each in shown(provider)[1:]] == ["y" * 1_400, "Two.", "And now?"]


async def test_a_turn_that_takes_too_long_ends(grace: Maker, provider: FakeProvider) -> None:
    await grace.make(most_seconds=1)
    provider.script([hangs()])
    stream = await grace.send(body("Hello"), "support")
    assert stream[-1].type == "RUN_ERROR"
    assert stream[-1].event["code"] == "time_limit_reached"
