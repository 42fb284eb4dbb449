"""A recognizer for tests: it reads how large a page is, and what its first pixel shows."""

from typing import Any

from folkmoot.knowledge.parsing.libraries import library
from folkmoot.knowledge.parsing.recognizing import Recognize, Recognized


def load() -> Recognize:
    """Load what pages are turned into."""
    library("numpy")
    return _read


def blind() -> Recognize:
    """Load what reads nothing."""
    library("numpy")
    return lambda _pixels: []


def _read(pixels: Any) -> list[Recognized]:  # noqa: ANN401 - NumPy has no place in this room
    height, width, _ = pixels.shape
    colour = "x".join(f"{int(each):02}" for each in pixels[0, 0])
    return [
        Recognized(f"A page of {width} by {height} pixels,", 100, 100, 500, 130),
        Recognized(f"beginning with {colour}.", 100, 135, 500, 165),
    ]
