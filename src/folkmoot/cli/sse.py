"""Server-sent events as they are read (WHATWG HTML, section 9.2.6)."""

from collections.abc import Iterator
from typing import NamedTuple


class Frame(NamedTuple):
    """One event; `id` is None if it has none of its own."""

    id: str | None
    data: str


class FrameReader:
    """Makes frames of a body that comes in pieces of any size."""

    def __init__(self) -> None:
        self._rest = b""
        self._id: str | None = None
        self._data: list[str] = []

    def feed(self, piece: bytes) -> Iterator[Frame]:
        """Take the next piece; yield the frames that it completes."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            frame = self._line(line.removesuffix(b"\r").decode(errors="replace"))
            if frame is not None:
                yield frame

    def _line(self, line: str) -> Frame | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._id = value
        return None

    def _dispatch(self) -> Frame | None:
        frame = Frame(self._id, "\n".join(self._data)) if self._data else None
        self._id, self._data = None, []
        return frame
