"""Turns over the AG-UI face: what is asked, answered, kept and asked again."""

import pytest

from folkmoot.kit.subject import Subject
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says
from talking import Platform, Talker, body, text_of, types

pytestmark = pytest.mark.anyio


async def test_an_answer_streams_and_is_kept_as_it_was_streamed(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("The answer is forty-two.")])
    stream = await ada.ask("What is the answer?", "t1")
    assert types(stream) == [
        "RUN_STARTED",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    assert text_of(stream) == "The answer is forty-two."
    kept = await ada.messages("t1")
    assert [(each["role"], each["content"]) for each in kept] == [
        ("user", "What is the answer?"),
        ("assistant", "The answer is forty-two."),
    ]
