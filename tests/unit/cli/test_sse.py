"""Reading server-sent events."""

from folkmoot.cli.sse import Frame, FrameReader


def read(*pieces: bytes) -> list[Frame]:
    reader = FrameReader()
    return [frame for piece in pieces for frame in reader.feed(piece)]


def test_a_frame_cut_at_any_place_is_still_one_frame() -> None:
    source = 'id: 7\ndata: {"a":"ü€"}\n\n'.encode()
    for cut in range(len(source) + 1):
        assert read(source[:cut], source[cut:]) == [Frame("7", '{"a":"ü€"}')]


def test_comments_hints_and_blank_lines_are_no_frames() -> None:
    assert read(b": ping\n\nretry: 100\n\n\nevent: x\n\n") == []


def test_lines_of_data_are_joined_and_one_space_is_dropped() -> None:
    assert read(b"data:  a\ndata:b\ndata\n\n") == [Frame(None, " a\nb\n")]


def test_line_ends_of_a_proxy_are_understood() -> None:
    assert read(b"id: 1\r", b"\ndata: x\r\n\r\n") == [Frame("1", "x")]


def test_an_unfinished_frame_is_not_given_out() -> None:
    assert read(b"id: 1\ndata: x\n") == []


def test_an_id_counts_for_its_own_frame_only() -> None:
    assert read(b"id: 1\ndata: x\n\ndata: y\n\nid: a\0b\ndata: z\n\n") == [
        Frame("1", "x"),
        Frame(None, "y"),
        Frame(None, "z"),
    ]


def test_bytes_that_are_no_text_end_nothing() -> None:
    assert read(b"data: \xff\xfe\n\n") == [Frame(None, "\ufffd\ufffd")]
