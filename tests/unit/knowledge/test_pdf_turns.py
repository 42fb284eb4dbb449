import io

import pytest

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import pdf as parsing
from folkmoot.knowledge.viewing import finding
from folkmoot.knowledge.viewing.asked import Places
from pdfs import Text, drawn, pdf

LINES = ("Herons wade in shallow water and", "wait for a fish that comes near.")


def shown(way: str, lines: tuple[str, ...] = LINES) -> bytes:
    """Return what draws lines of text which run upwards or downwards."""
    turn, step, start = ("0 1 -1 0", 12, 100) if way == "up" else ("0 -1 1 0", -12, 700)
    return b"\n".join(
        f"BT /F 10 Tf {turn} {300 + row * step} {start} Tm ({line}) Tj ET".encode()
        for row, line in enumerate(lines)
    )


def read(data: bytes) -> str:
    return parsing.parse(io.BytesIO(data), Limits(), lambda _done, _total: None).text


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_sheet_that_lies_on_its_side_is_read_and_marked(way: str) -> None:
    data = pdf([[]], drawings=[shown(way)])
    text = read(data)
    assert text == " ".join(LINES)
    first, second = (
        finding.found(data, Places(page=1, text=text, spans=[(at, at + len(line))]))
        for line, at in zip(LINES, (0, len(LINES[0]) + 1), strict=True)
    )
    (one,), (other,) = first.boxes, second.boxes
    assert one.bottom - one.top > 3 * (one.right - one.left)
    assert (one.left < other.left) is (way == "up")


def test_a_table_on_such_a_sheet_is_one_and_a_note_in_a_margin_turns_nothing() -> None:
    grid = [drawn(290 + 20 * row, 90, 290 + 20 * row, 390) for row in range(3)]
    grid += [drawn(290, 90 + 100 * column, 330, 90 + 100 * column) for column in range(4)]
    cells = [
        f"BT /F 10 Tf 0 1 -1 0 {304 + 20 * row} {100 + 100 * column} Tm ({text}) Tj ET".encode()
        for row, texts in enumerate([("Bird", "Legs", "Food"), ("Heron", "long", "fish")])
        for column, text in enumerate(texts)
    ]
    table = read(pdf([[]], drawings=[b"\n".join(grid + cells)]))
    assert table == "| Bird | Legs | Food |\n| --- | --- | --- |\n| Heron | long | fish |"
    upright = [Text(60, 700 - 12 * row, line) for row, line in enumerate(LINES * 2)]
    assert " ".join(LINES * 2) in read(pdf([upright], drawings=[shown("up", ("A note",))]))
