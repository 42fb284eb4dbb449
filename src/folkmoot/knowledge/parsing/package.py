"""Office files are zip archives of XML parts that name each other (ECMA-376, part 2).

An archive is checked before a part of it is read: nobody unpacks what lies about its size.
"""

import posixpath
import zipfile
import zlib
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import IO, Final, NamedTuple, cast

from folkmoot.knowledge.limits import MEBIBYTE, Limits
from folkmoot.knowledge.parsing.libraries import Source, library
from folkmoot.knowledge.parsing.parsed import ParseFailed
from folkmoot.knowledge.parsing.xml import elements, forget, value

BROKEN: Final = (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, OSError)
"""What an archive raises that is damaged."""
HARMLESS: Final = 16 * MEBIBYTE
"""A text that repeats itself may be packed as densely as a bomb, but it stays small."""
DECLARATION: Final = b"<!DOCTYPE"
ENCRYPTED: Final = 0x1
MAIN: Final = "/officeDocument"
PROTECTED: Final = "The file is protected by a password."
DAMAGED: Final = "The document is damaged and cannot be read."


class Related(NamedTuple):
    """What a part refers to: the kind of their relation, and the other part's name."""

    kind: str
    part: str


class Package:
    """An archive that was found harmless; some of its parts may not unpack."""

    def __init__(self, archive: zipfile.ZipFile, broken: Collection[str] = ()) -> None:
        self._archive = archive
        self._names = archive.NameToInfo
        self._broken = broken
        self.unread: list[str] = []
        """What stood beside the text and was damaged."""

    def has(self, name: str) -> bool:
        """Tell whether there is such a part."""
        return name in self._names

    def names(self) -> Sequence[str]:
        """Return the names of all parts."""
        return list(self._names)

    def size(self, name: str) -> int:
        """Return the bytes that a part has."""
        return self._names[name].file_size

    def open(self, name: str) -> IO[bytes]:
        """Open a part."""
        if name in self._broken:
            raise zipfile.BadZipFile(name)
        return self._archive.open(name)

    @contextmanager
    def beside(self, what: str) -> Generator[None]:
        """Read something that the text does without: the block ends where it is damaged."""
        try:
            yield
        except _damage():
            self.unread.append(what)

    def related(self, name: str) -> dict[str, Related]:
        """Return the XML parts that a part refers to, by the ids that it has for them."""
        folder, _, file = name.rpartition("/")
        relations = posixpath.join(folder, "_rels", f"{file}.rels")
        if not self.has(relations):
            return {}
        found: dict[str, Related] = {}
        with self.open(relations) as part:
            for _, _, element in elements(part, ("Relationship",)):
                target = posixpath.normpath(posixpath.join("/", folder, value(element, "Target")))
                if target.endswith(".xml") and self.has(target[1:]):
                    found[value(element, "Id")] = Related(value(element, "Type"), target[1:])
                forget(element)
        return found

    def extras(self, name: str) -> dict[str, Related]:
        """Return what a part refers to and its text does without, as `related` does."""
        found: dict[str, Related] = {}
        with self.beside("what stands beside the text"):
            found.update(self.related(name))
        return found

    def main(self) -> str | None:
        """Return the part that the document is in, as far as the package says it."""
        named = (each.part for each in self.related("").values() if each.kind.endswith(MAIN))
        return next(named, None)


@contextmanager
def opened(source: Source, limits: Limits) -> Generator[Package]:
    """Open an archive, refuse what is harmful about it, and tell what is damaged in a sentence.

    Raises:
        ParseFailed: it is no archive, is encrypted, unpacks to too much or defines entities.
    """
    try:
        with zipfile.ZipFile(cast(IO[bytes], source)) as archive:
            yield Package(archive, _inspect(archive, limits))
    except _damage() as error:
        raise ParseFailed(DAMAGED) from error


@cache
def _damage() -> tuple[type[Exception], ...]:
    """Return what is raised by a part that is damaged."""
    return (*BROKEN, library("lxml.etree").XMLSyntaxError, zlib.error, ValueError)


def _inspect(archive: zipfile.ZipFile, limits: Limits) -> Collection[str]:
    """Refuse what is harmful; return the names of the parts that do not unpack."""
    entries = archive.infolist()
    if any(entry.flag_bits & ENCRYPTED for entry in entries):
        raise ParseFailed(PROTECTED)
    _refuse_bombs(entries, limits)
    broken: set[str] = set()
    for entry in entries:
        if entry.filename.endswith((".xml", ".rels")):
            try:
                _refuse_declarations(archive, entry)
            except _damage():  # nobody opens what could not be looked at
                broken.add(entry.filename)
    return broken


def _refuse_bombs(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.archive_entries:
        raise ParseFailed(f"The archive has more than {limits.archive_entries:,} parts.")
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    too_dense = unpacked > HARMLESS and unpacked > packed * limits.unpacked_ratio
    if unpacked > limits.unpacked_bytes or too_dense:
        raise ParseFailed("The file unpacks to far more than its size, as a zip bomb does.")
    for entry in entries:
        if entry.filename.endswith(".xml") and entry.file_size > limits.part_bytes:
            limit = limits.part_bytes // MEBIBYTE
            raise ParseFailed(f"A part of the document is larger than {limit} MB.")


def _refuse_declarations(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Office never writes a document type; who does wants entities expanded."""
    seam = b""
    with archive.open(entry) as part:
        while piece := part.read(MEBIBYTE):
            if DECLARATION in (seam + piece).replace(b"\0", b"").upper():
                raise ParseFailed("The document declares XML entities, which is refused.")
            seam = piece[-2 * len(DECLARATION) :]
