import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot.llm.providers.framing import Framing, JsonLines, LineTooLong, ServerSentEvents

EVENTS = b'event: a\ndata: {"n":1}\n\n: comment\r\ndata:{"n":2}\r\n\r\nretry: 3\ndata: [DONE]\n\n'
LINES = b'{"n":1}\n\n{"n":2}\r\n{"n":3}'


def cut(framing: Framing, data: bytes, places: list[int]) -> list[bytes]:
    """Feed the data in pieces and return the documents without white space."""
    documents: list[bytes] = []
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    for start, end in itertools.pairwise(edges):
        documents += framing.feed(data[start:end])
    documents += framing.close()
    return [document.strip() for document in documents]


@given(st.lists(st.integers(0, 200)))
def test_events_are_the_same_however_the_network_cuts_them(places: list[int]) -> None:
    assert cut(ServerSentEvents(), EVENTS, places) == [b'{"n":1}', b'{"n":2}', b"[DONE]"]


@given(st.lists(st.integers(0, 200)))
def test_lines_are_the_same_however_the_network_cuts_them(places: list[int]) -> None:
    assert cut(JsonLines(), LINES, places) == [b'{"n":1}', b'{"n":2}', b'{"n":3}']


@pytest.mark.parametrize("framing", [ServerSentEvents, JsonLines])
def test_a_line_without_an_end_is_refused(framing: type[ServerSentEvents | JsonLines]) -> None:
    lines = framing(1000)
    lines.feed(b"data: " + b"x" * 900)
    with pytest.raises(LineTooLong):
        lines.feed(b"x" * 200)
