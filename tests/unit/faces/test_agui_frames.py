"""Frames of the AG-UI stream."""

import json

from folkmoot.faces.agui.frames import frame, translate
from folkmoot.runs.events import Event, Recorded, encode


def recorded(type_: str, body: object) -> Recorded:
    return Recorded(7, type_, None if body is None else encode(body), 1)


def test_a_frame_is_the_number_and_the_event_on_one_line() -> None:
    event = recorded(Event.MESSAGE_DELTA, {"messageId": "m", "delta": "a\nb"})
    assert frame(event) == (
        b'id: 7\ndata: {"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"a\\nb"}\n\n'
    )


def test_a_stream_begins_by_telling_the_protocols_version() -> None:
    event = recorded(Event.RUN_STARTED, {"threadId": "t", "runId": "r"})
    assert json.loads(translate(event)) == {
        "type": "RUN_STARTED",
        "protocolVersion": "1.0",
        "threadId": "t",
        "runId": "r",
    }


def test_what_agui_has_no_event_for_is_custom() -> None:
    event = recorded("citations", {"name": "citations", "value": {"message_id": "m"}})
    assert json.loads(translate(event)) == {
        "type": "CUSTOM",
        "name": "citations",
        "value": {"message_id": "m"},
    }


def test_an_erased_event_keeps_its_number_and_says_what_it_was() -> None:
    event = recorded(Event.MESSAGE_DELTA, None)
    assert frame(event).startswith(b"id: 7\ndata: {")
    assert json.loads(translate(event)) == {
        "type": "CUSTOM",
        "name": "erased",
        "value": {"type": "message.delta"},
    }


def test_a_frame_carries_what_translating_gives() -> None:
    for type_ in (*Event, "citations"):
        event = recorded(type_, {"name": "x", "value": 1})
        assert frame(event) == b"id: 7\ndata: %b\n\n" % translate(event)
