"""A page of a PDF as a picture."""

import io
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import pdf
from folkmoot.knowledge.parsing.libraries import library
from folkmoot.knowledge.parsing.parsed import ParseFailed
from folkmoot.knowledge.viewing.asked import Picture

LARGEST: Final = 8_000
"""Pixels of a side: the format ends at twice that."""
QUALITY: Final = 80
ROUNDED: Final = 1 - 1e-6
"""Sizes are rounded up, also those that are a hair too large."""
EFFORT: Final = 2
"""Of six. More takes longer than it saves on the way."""


def load() -> None:
    """Load what would look for files later."""
    library("PIL.WebPImagePlugin")
    library("PIL.Image").preinit()


def drawn(data: bytes, asked: Picture, limits: Limits) -> bytes:
    """Return a page as a WebP picture."""
    with opened(data, asked.page) as page:
        across, down = size(page)
        scale = min(
            asked.width / across, LARGEST / down, (limits.shown_pixels / (across * down)) ** 0.5
        )
        picture = page.render(scale=scale * ROUNDED, rev_byteorder=True).to_pil()
        file = io.BytesIO()
        picture.save(file, "WEBP", quality=QUALITY, method=EFFORT)
        return file.getvalue()


@contextmanager
def opened(data: bytes, number: int) -> Generator[Any]:
    """Open a page.

    Raises:
        ParseFailed: There is none of that number, or it is damaged.
    """
    pdfium = library("pypdfium2")
    document = pdf.open_pdf(pdfium, data)
    try:
        document.init_forms()  # so that what was filled in is shown
        page = document[number - 1]
    except (pdfium.PdfiumError, IndexError):
        raise ParseFailed("The page is damaged and cannot be shown.") from None
    yield page


def size(page: Any) -> tuple[float, float]:  # noqa: ANN401 - pdfium has no types
    """Return the width and the height of a page, none of them nothing."""
    return max(float(page.get_width()), 1.0), max(float(page.get_height()), 1.0)
