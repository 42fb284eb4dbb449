"""Forms with files, read as they come in: nothing waits in memory or on a disk of its own."""

import codecs
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from enum import Enum, auto
from importlib import import_module
from typing import Any, Final

from folkmoot.knowledge.errors import BrokenForm

FIELD_BYTES: Final = 64 * 1024
SILENT_BYTES: Final = 256 * 1024
"""What may come in without being part of anything."""
MOST_FILES: Final = 100
MOST_PARTS: Final = 1_000
MULTIPART: Final = "multipart/form-data"


class End(Enum):
    """What ends."""

    PART = auto()
    FORM = auto()


@dataclass(slots=True)
class Part:
    """One field of a form: a file if it has a filename. `data` is that of a field."""

    name: str = ""
    filename: str | None = None
    data: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file on its way in.

    The fields are those that came before it. Those behind the last file count for it, too: they
    are there once the form has been read to its end.
    """

    filename: str
    fields: dict[str, str]
    data: AsyncIterator[bytes]


class Form:
    """Reads a form from a stream of bytes.

    Args:
        content_type: The request's header; it holds the boundary.
        stream: The request's body.
    """

    def __init__(self, content_type: str, stream: AsyncIterator[bytes]) -> None:
        library: Any = import_module("python_multipart.multipart")
        self._options = library.parse_options_header
        _, options = self._options(content_type)
        boundary = options.get(b"boundary")
        if not boundary:
            raise BrokenForm("its boundary is missing")
        self._error = import_module("python_multipart.exceptions").FormParserError
        self._parser = library.MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._data,
                "on_part_end": self._part_end,
                "on_end": self._end,
            },
        )
        self._stream = stream
        self._events: deque[Part | bytes | End] = deque()
        self._part = Part()
        self._header = (bytearray(), bytearray())

    async def files(self) -> AsyncGenerator[FilePart]:
        """Yield the files one after the other; each has to be read before the next is asked for.

        Raises:
            BrokenForm: what comes in is no form, or it is cut.
        """
        fields: dict[str, str] = {}
        file: FilePart | None = None
        parts = files = 0
        while (event := await self._event()) is not End.FORM:
            if not isinstance(event, Part):
                continue
            parts += 1
            files += bool(event.filename)
            if parts > MOST_PARTS or files > MOST_FILES:
                raise BrokenForm(f"it has more than {MOST_FILES} files or {MOST_PARTS} parts")
            if event.filename:
                file = FilePart(event.filename, dict(fields), self._pieces())
                yield file
                continue
            value = await self._field(event)
            if event.filename is None:  # else a file that nobody chose
                fields[event.name] = value
        if file is not None:
            _complete(file, fields)

    async def _pieces(self) -> AsyncGenerator[bytes]:
        while isinstance(piece := await self._event(), bytes):
            yield piece

    async def _field(self, part: Part) -> str:
        async for piece in self._pieces():
            part.data += piece
            if len(part.data) > FIELD_BYTES:
                raise BrokenForm(f"the field {part.name!r} is too long")
        try:
            return part.data.decode()
        except UnicodeDecodeError:
            raise BrokenForm(f"the field {part.name!r} is not UTF-8") from None

    async def _event(self) -> Part | bytes | End:
        silent = 0
        while not self._events:
            if silent > SILENT_BYTES:
                raise BrokenForm("nothing in it begins")
            try:
                silent += self._parser.write(await anext(self._stream))
            except StopAsyncIteration:
                raise BrokenForm("it ends too early") from None
            except self._error:
                raise BrokenForm("it breaks the rules of multipart/form-data") from None
        return self._events.popleft()

    def _begin(self) -> None:
        self._part = Part()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def _header_end(self) -> None:
        name, value = (bytes(each) for each in self._header)
        if name.lower() == b"content-disposition":
            _, options = self._options(value)
            self._part.name = _text(options.get(b"name", b""))
            if b"filename" in options:
                self._part.filename = _text(options[b"filename"])
        self._header = (bytearray(), bytearray())

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(bytes(data[start:end]))

    def _headers_finished(self) -> None:
        self._events.append(self._part)

    def _part_end(self) -> None:
        self._events.append(End.PART)

    def _end(self) -> None:
        self._events.append(End.FORM)


def _complete(file: FilePart, fields: dict[str, str]) -> None:
    """Give the last file the fields that stand behind it; they may not contradict those before."""
    for name, value in fields.items():
        if file.fields.setdefault(name, value) != value:
            raise BrokenForm(f"the field {name!r} says one thing before a file, another behind it")


def _text(data: bytes) -> str:
    return codecs.decode(data, "utf-8", "replace")
