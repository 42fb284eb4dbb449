"""Tables of PDFs, drawn or only set in columns, and what only looks like one."""

import io
from collections.abc import Sequence
from itertools import pairwise

import pytest

from folkmoot.knowledge.indexing import chunking
from folkmoot.knowledge.indexing.chunking import Sizes
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import libraries
from folkmoot.knowledge.parsing.kinds import Kind
from folkmoot.knowledge.parsing.parsed import Parsed
from pdfs import Text, column, drawn, pdf

ROWS = (("Bird", "Eggs", "Remark"), ("Heron", "4 to 5", "blue | green"), ("Stork", "3", "white"))
PLACES = (60, 160, 260, 400)
MARKDOWN = (
    "| Bird | Eggs | Remark |\n| --- | --- | --- |\n"
    "| Heron | 4 to 5 | blue \\| green |\n| Stork | 3 | white |"
)


def read(data: bytes) -> Parsed:
    return libraries.parser(Kind.PDF)(io.BytesIO(data), Limits(), lambda _done, _total: None)


def table(rows: Sequence[Sequence[str]], top: float = 700) -> list[Text]:
    return [
        Text(PLACES[place] + 4, top - 20 * number, text)
        for number, row in enumerate(rows)
        for place, text in enumerate(row)
    ]


def grid(rows: int, top: float = 700) -> bytes:
    """Draw the lines around so many rows."""
    heights = [top + 14 - 20 * number for number in range(rows + 1)]
    across = [drawn(PLACES[0], y, PLACES[-1], y) for y in heights]
    # In pieces, as some programs draw them.
    along = [drawn(x, high, x, low) for x in PLACES for high, low in pairwise(heights)]
    return b"\n".join([*across, *along])


@pytest.mark.parametrize("lines", [grid(3), b""])
def test_a_table_stands_between_the_paragraphs_around_it(lines: bytes) -> None:
    before = Text(60, 760, "Before the table, which is about birds.")
    after = Text(60, 600, "Behind the table, which was about birds.")
    parsed = read(
        pdf([[before, *table(ROWS), after], [Text(60, 700, "Page two")]], drawings=[lines])
    )
    assert parsed.text.split("\n\n") == [before.text, MARKDOWN, after.text, "Page two"]
    assert [page.number for page in parsed.pages] == [1, 2]
    assert parsed.text[parsed.pages[1].start :] == "Page two"


def test_cells_of_a_drawn_table_hold_several_lines_and_none() -> None:
    texts = [
        *(Text(64, 700, "Name"), Text(164, 700, "What it eats")),
        *(
            Text(64, 680, "Heron"),
            Text(164, 684, "Fish and am-"),
            Text(164, 674, "phibians"),
            Text(264, 680, "9"),
        ),
    ]
    text = read(pdf([texts], drawings=[grid(2)])).text
    assert (
        text
        == "| Name | What it eats |  |\n| --- | --- | --- |\n| Heron | Fish and amphibians | 9 |"
    )


def test_a_row_without_lines_goes_on_below() -> None:
    texts = [
        *table((("Bird", "Eggs", "Remark"), ("Heron", "4", "blue,"))),
        Text(264, 669, "or green"),
    ]
    texts += table((("Stork", "3", "white"),), top=650)
    assert "| Heron | 4 | blue, or green |\n| Stork | 3 | white |" in read(pdf([texts])).text


def test_a_long_table_keeps_its_page_and_repeats_its_header() -> None:
    rows = [ROWS[0], *((f"Heron {n}", str(n), "stands and waits") for n in range(30))]
    parsed = read(pdf([table(rows, 780), table(rows, 780)], drawings=[grid(31, 780)] * 2))
    pieces = chunking.chunk(parsed, "Birds", Sizes(size=400))
    assert {piece.page for piece in pieces} == {1, 2}
    assert all(
        "| Bird | Eggs | Remark |" in parsed.text[piece.start : piece.end] + piece.header
        for piece in pieces
    )


def test_three_columns_of_prose_are_read_one_after_the_other() -> None:
    texts = [
        text
        for place, name in enumerate(("left", "middle", "right"))
        for text in column(
            40 + 180 * place, 700, [f"This is {name} line {n} of prose" for n in range(6)]
        )
    ]
    text = " ".join(read(pdf([texts])).text.split())
    assert "|" not in text
    order = [
        text.index(f"{name} line {n}") for name in ("left", "middle", "right") for n in range(6)
    ]
    assert order == sorted(order)


@pytest.mark.parametrize(
    "rows",
    [
        [("1.", "Open the door"), ("2.", "Close the door"), ("3.", "Open it again")],
        [("One . . . . . . .", "4"), ("Two . . . . . . .", "9"), ("Three . . . . .", "12")],
    ],
)
def test_lists_and_tables_of_contents_are_no_tables(rows: list[tuple[str, str]]) -> None:
    assert "| --- |" not in read(pdf([table(rows)])).text


def test_the_grid_of_a_diagram_is_no_table_and_countless_lines_cost_little() -> None:
    axes = [Text(40, 700 - 20 * n, str(n)) for n in range(4)]
    assert "|" not in read(pdf([axes], drawings=[grid(30)])).text
    lines = b"\n".join(drawn(n % 500, 0, n % 500, 800) for n in range(50_000))
    assert read(pdf([[Text(60, 700, "Herons")]], drawings=[lines])).text == "Herons"
