"""Pages of PDFs that are pictures of text: which these are, and how they become lines of text."""

from statistics import median
from typing import Any, Final

from folkmoot.knowledge import plaintext
from folkmoot.knowledge.parsing.parsed import Recognition
from folkmoot.knowledge.parsing.pdf_lines import Line
from folkmoot.knowledge.parsing.recognizing import Recognize

IMAGE: Final = 3
FORM: Final = 5
MOST_OBJECTS: Final = 100
"""That are looked at; a page with more was drawn, maybe in letters."""
DOTS: Final = 200 / 72
"""Pixels a point: 200 to the inch."""
MOST_PIXELS: Final = 8_000_000
LONGEST: Final = 1_000
"""Characters that are kept of a line."""
DIGITS: Final = 4
ONE_SIZE: Final = 1.4
"""Boxes of lines differ that much in height though their text has one size."""


def is_picture(raw: Any, page: Any) -> bool:  # noqa: ANN401 - pdfium has no types
    """Tell whether a page without text shows something that may hold some."""
    count = raw.FPDFPage_CountObjects(page)
    things = (raw.FPDFPage_GetObject(page, index) for index in range(min(count, MOST_OBJECTS)))
    return count > MOST_OBJECTS or any(
        raw.FPDFPageObj_GetType(thing) in {IMAGE, FORM} for thing in things
    )


def recognized(page: Any, recognize: Recognize) -> list[Line]:  # noqa: ANN401 - pdfium has no types
    """Return the lines of a page, as if they were text."""
    width, height = max(page.get_width(), 1.0), max(page.get_height(), 1.0)
    scale = min(DOTS, (MOST_PIXELS / (width * height)) ** 0.5)
    found = recognize(page.render(scale=scale).to_numpy())
    if not found:
        return []
    usual = median(line.bottom - line.top for line in found)
    return [
        Line(
            line.text,
            line.left / scale,
            height - line.bottom / scale,
            line.right / scale,
            height - line.top / scale,
            size=_size(line.bottom - line.top, usual) / scale,
        )
        for line in found
    ]


def placed(page: Any, number: int, lines: list[Line]) -> list[Recognition]:  # noqa: ANN401 - pdfium has no types
    """Return where the lines of a page stand on its picture."""
    width, height = max(page.get_width(), 1.0), max(page.get_height(), 1.0)
    return [
        Recognition(
            number,
            plaintext.one_line(line.text, LONGEST),
            round(line.left / width, DIGITS),
            round(1 - line.top / height, DIGITS),
            round(line.right / width, DIGITS),
            round(1 - line.bottom / height, DIGITS),
        )
        for line in lines
    ]


def _size(height: float, usual: float) -> float:
    return usual if usual / ONE_SIZE < height < usual * ONE_SIZE else height
