"""The order in which the lines of a page are read."""

import random
import time

from folkmoot.knowledge.parsing.pdf_layout import Block, blocks
from folkmoot.knowledge.parsing.pdf_lines import Line, joined

SIZE = 10.0


def column(left: float, top: float, *texts: str, size: float = SIZE) -> list[Line]:
    return [
        Line(
            text,
            left,
            top - row * size * 1.2 - size,
            left + len(text) * size / 2,
            top - row * size * 1.2,
        )
        for row, text in enumerate(texts)
    ]


def read(lines: list[Line]) -> list[Block]:
    return blocks(lines, SIZE)


PROSE = (
    "Herons are wading birds that live in",
    "marshes and on the banks of slow rivers,",
    "where they wait for fish, frogs and other",
    "small animals that come near enough now.",
)


def test_columns_are_read_one_after_the_other_under_their_common_title() -> None:
    title = column(50, 780, "On the habits of herons, and of the people who watch them closely")
    left = column(50, 750, *PROSE)
    right = column(300, 750, *(line.replace("Herons", "Storks") for line in PROSE))
    text = " ".join(block.text for block in read([*right, *title, *left]))
    assert text.index("habits") < text.index("Herons are") < text.index("Storks are")


def test_rows_of_a_table_are_read_across() -> None:
    names = column(50, 700, "Name", "Ada", "Bob", "Cyd", "Dan")
    ages = column(200, 700, "Age", "36", "41", "7", "19")
    (table,) = read([*names, *ages])
    assert table.text.splitlines()[2:4] == ["| Ada | 36 |", "| Bob | 41 |"]


def test_columns_above_a_table_are_still_columns() -> None:
    lines = [
        *column(50, 750, *PROSE),
        *column(300, 750, *PROSE),
        *column(50, 600, "Name", "Ada", "Bob", "Cyd", "Dan"),
        *column(200, 600, "Age", "36", "41", "7", "19"),
    ]
    texts = [block.text for block in read(lines)]
    assert sum("Herons are wading birds" in text for text in texts) == 2
    assert "| Ada | 36 |" in texts[-1]


def test_larger_lines_are_headings_and_the_largest_are_of_the_first_level() -> None:
    lines = [
        *column(50, 780, "Birds", size=20),
        *column(50, 740, "Herons", size=14),
        *column(50, 710, *PROSE),
    ]
    assert [(block.text[:6], block.level) for block in read(lines)] == [
        ("Birds", 1),
        ("Herons", 2),
        ("Herons", None),
    ]


def test_a_gap_begins_a_paragraph() -> None:
    lines = [*column(50, 750, *PROSE), *column(50, 685, *PROSE)]
    assert len(read(lines)) == 2


def test_words_cut_at_a_line_end_become_whole_and_compounds_stay() -> None:
    assert joined(["a wad\u00ad", "ing bird"]) == "a wading bird"
    assert joined(["the Anglo-", "Saxon heron"]) == "the Anglo-Saxon heron"
    assert joined(["plain", "lines"]) == "plain lines"


def test_an_empty_page_has_no_blocks() -> None:
    assert read([]) == []


def test_text_that_is_strewn_over_a_page_is_soon_read() -> None:
    """It could be parted anywhere: 8,000 places of 8,000 lines were a minute's work."""
    place = random.Random(1)
    strewn = [
        line
        for n in range(8_000)
        for line in column(place.random() * 590, place.random() * 790, f"w{n}", size=6)
    ]
    begun = time.process_time()
    text = " ".join(block.text for block in read(strewn))
    assert time.process_time() - begun < 10
    assert all(f"w{n}" in text for n in range(8_000))
