"""What the benchmarks accept as a whole stream."""

import pytest

from kit.reading import Dialect, Reading
from kit.targets import AGUI, OPENAI, REPEATING

ASKED = 1_000


def agui(*deltas: str, end: str = "RUN_FINISHED") -> bytes:
    """Return a stream in which each delta is an event of its own."""
    events = [f'{{"type":"TEXT_MESSAGE_CONTENT","messageId":"m1","delta":"{d}"}}' for d in deltas]
    if end:
        events.append(f'{{"type":"{end}"}}')
    frames = (f"id: {seq}\ndata: {event}\n\n" for seq, event in enumerate(events, 1))
    return "".join(frames).encode()


def read(stream: bytes, dialect: Dialect = AGUI, *, tokens: int = 3, piece: int = 7) -> Reading:
    """Read a stream that arrives in small pieces at the moment 5,000."""
    reading = Reading(dialect, tokens, ASKED, status=200)
    for start in range(0, len(stream), piece):
        reading.take(stream[start : start + piece], 5_000)
    return reading


@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_a_stream_is_whole_however_it_is_cut_and_merged(piece: int) -> None:
    reading = read(agui("r@1100 0@1200 ", "1@1300 2@1400 "), piece=piece)
    assert reading.whole, reading.verdict()
    assert reading.lags == [3_800, 3_700, 3_600]
    assert reading.message_id == "m1"


def test_what_is_added_to_the_first_token_leaves_out_the_provider_s_own_time() -> None:
    reading = read(agui("r@1100 0@4100 1@4200 2@4300 "))
    assert reading.added == (1_100 - ASKED) + (5_000 - 4_100)


@pytest.mark.parametrize(
    "stream",
    [
        agui("r@1100 0@1200 ", "2@1400 "),
        agui("r@1100 0@1200 1@1300 1@1300 2@1400 "),
        agui("r@1100 0@1200 2@1400 1@1300 "),
        agui("0@1200 1@1300 2@1400 "),
        agui("r@1100 0@1200 1@1300 2@1400 3@1500 "),
        agui("r@1100 0@1200 1@1300 2@1400 ", end=""),
        agui("r@1100 0@1200 1@1300 2@1400 ", end="RUN_ERROR"),
        agui("r@1100 0@1200 1@1300 2@1400 ").replace(b"id: 2", b"id: 3"),
        agui("r@1100 0@1200 1@1300 2@1400 ") + b'data: {"type":"RUN_FINISHED"}\n\n',
        agui("r@1100 0@1200 1@1300 ") + b'data: {"type":"TEXT_MESSAGE_CONTENT","delta":"2@1 "}\n',
        b"",
    ],
    ids=[
        "missing", "doubled", "out of order", "no beginning", "too many", "no end", "failed",
        "a hole in the ids", "two ends", "text after the end", "nothing",
    ],
)  # fmt: skip
def test_anything_else_is_not(stream: bytes) -> None:
    assert not read(stream).whole


def test_a_refusal_shows_what_was_said() -> None:
    reading = read(b'{"title":"Too many runs"}')
    reading.status = 429
    assert reading.verdict() == 'status 429: {"title":"Too many runs"}'


def test_openai_s_streams_end_with_a_mark_of_their_own() -> None:
    text = b'data: {"choices":[{"delta":{"content":"%b"}}]}\n\n'
    stream = text % b"r@1100 0@1200 " + text % b"1@1300 " + text % b"2@1400 "
    assert not read(stream, OPENAI).whole
    assert read(stream + b"data: [DONE]\n\n", OPENAI).whole


def test_of_a_server_that_repeats_the_text_in_a_line_only_the_delta_counts() -> None:
    line = agui("r@1100 0@1200 1@1300 2@1400 ", end="")
    repeated = line.replace(b"}\n", b',"rawEvent":"0@1200 1@1300 2@1400 "}\n')
    stream = repeated + agui().removeprefix(b"id: 1\n")
    assert read(stream, REPEATING).whole
    assert not read(stream, AGUI).whole
