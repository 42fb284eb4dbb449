"""What comes in OpenAI's Responses from servers that take the format as they like."""

import msgspec
import pytest

from folkmoot.llm.port import TextDelta, ToolCallDelta, ToolCallStarted
from folkmoot.llm.providers.batch import Batch
from folkmoot.llm.providers.responses import ResponsesDecoder

OPENED = b"""{"type":"response.output_item.added","output_index":1,
"item":{"type":"function_call","id":null,"call_id":"c","name":"clock","arguments":null}}"""
EVENTS = [
    b'{"type":"response.something.delta","delta":{"new":1}}',
    b'{"type":"response.output_item.added","item":{"type":"message","id":null,"summary":null}}',
    b'{"type":"response.output_text.delta","delta":"Hello"}',
    OPENED,
    b'{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call"}}',
    b'{"type":"response.completed","response":{"usage":null}}',
]


def test_what_is_not_there_or_not_known_makes_no_answer_unreadable() -> None:
    decoder, batch = ResponsesDecoder(), Batch()
    for event in EVENTS:
        decoder.feed(event, batch)
    assert batch.take() == [
        TextDelta("Hello"), ToolCallStarted(0, "c", "clock"), ToolCallDelta(0, "{}"),
    ]  # fmt: skip
    assert decoder.closed


def test_a_text_that_is_none_is_no_answer() -> None:
    with pytest.raises(msgspec.ValidationError):
        ResponsesDecoder().feed(b'{"type":"response.output_text.delta","delta":1}', Batch())
