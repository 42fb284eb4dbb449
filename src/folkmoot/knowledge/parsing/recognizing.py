"""Reading pages that are pictures of text: the port, and what can stand behind it.

A recognizer is named as `module:function`. The function is called once, before the process is
confined, and has to load all that will ever be needed: afterwards no file is opened and no thread
is started. What it returns is called with each page.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, NamedTuple, Protocol, cast

AUTO: Final = "auto"
OFF: Final = "off"
OWN: Final = "folkmoot.knowledge.parsing.with_rapidocr:load"
"""What the extra `ocr` brings, and the library that is there if it is installed."""
LIBRARY: Final = "rapidocr"


class Recognized(NamedTuple):
    """A line of text and where it stands, in pixels from the upper left corner."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


class Recognize(Protocol):
    """What reads a picture."""

    def __call__(self, pixels: Any, /) -> list[Recognized]:  # noqa: ANN401 - NumPy is not loaded here
        """Return the lines of an array of height, width and three colours (blue, green, red)."""
        ...


def chosen(option: str) -> str | None:
    """Return the recognizer that a deployment has, None if it has none."""
    if option == AUTO:
        return OWN if find_spec(LIBRARY) else None
    return None if option == OFF else option


def loaded(name: str) -> Recognize:
    """Load a recognizer."""
    module, _, function = name.partition(":")
    return cast(Recognize, getattr(import_module(module), function)())
