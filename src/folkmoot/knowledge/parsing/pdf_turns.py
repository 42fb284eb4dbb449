"""Pages on which text runs upwards or downwards: sheets that lie on their side.

How a viewer shows a page says little of it: turned pages may hold upright text. Nor do the angles
of letters, which writers of files count differently. So it is looked at where the next one stands.
"""

from typing import Any, Final

Edge = tuple[float, float, float, float]
"""Left, bottom, right and top of a character."""

SAMPLE: Final = 200
"""Characters that are looked at, and whatever follows each of them."""
SPACE: Final = 0x20
UP: Final = 1
DOWN: Final = -1


class Upright:
    """A page, turned so that most of its text runs from left to right."""

    def __init__(self, raw: Any, page: Any, text: Any) -> None:  # noqa: ANN401 - pdfium has no types
        self._way = _way(raw, text)
        self._left, self._bottom, self._right, self._top = map(float, page.get_mediabox())
        self._shown = float(page.get_height())

    @property
    def height(self) -> float:
        """The height of the page."""
        return (self._right - self._left if self._way else self._shown) or 1.0

    def edge(self, edge: Edge) -> Edge:
        """Return where something stands."""
        left, bottom, right, top = edge
        if self._way == UP:
            across, along = self._bottom, self._right
            return bottom - across, along - right, top - across, along - left
        if self._way == DOWN:
            across, along = self._top, self._left
            return across - top, left - along, across - bottom, right - along
        return edge


def _way(raw: Any, text: Any) -> int:  # noqa: ANN401 - pdfium has no types
    """Return whether most characters stand above or below the one before them, or neither."""
    count = text.count_chars() - 1
    seen = up = down = 0
    for index in range(0, count, max(1, count // SAMPLE)):
        here, there = _middle(raw, text, index), _middle(raw, text, index + 1)
        if here and there:
            across, along = there[0] - here[0], there[1] - here[1]
            seen += 1
            up += along > abs(across)
            down += -along > abs(across)
    if up > seen / 2:
        return UP
    return DOWN if down > seen / 2 else 0


def _middle(raw: Any, text: Any, index: int) -> tuple[float, float] | None:  # noqa: ANN401 - pdfium has no types
    """Return where the middle of a character is, None for a blank."""
    box = raw.FS_RECTF()
    if raw.FPDFText_GetUnicode(text.raw, index) <= SPACE:
        return None
    if not raw.FPDFText_GetLooseCharBox(text.raw, index, box):
        return None
    return (box.left + box.right) / 2, (box.bottom + box.top) / 2
