"""What a file is that somebody sends along: told from its bytes, and never drawn here."""

from dataclasses import dataclass
from typing import Final

from folkmoot.conversations.errors import AttachmentUnusable
from folkmoot.knowledge import sniff
from folkmoot.knowledge.sniff import HEAD_BYTES, MEDIA_TYPES, Kind, UnsupportedFile
from folkmoot.settings import pictures

LARGEST: Final = 5 * 1024 * 1024
"""Bytes of one; the smallest of what providers take."""

WIDEST: Final = 8_000
"""Pixels in each direction, which is what providers take."""
MOST_PIXELS: Final = 40_000_000
"""A small file could otherwise unfold to gigabytes, where somebody does draw it."""

LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file is: a picture and its size, or a document of some kind."""

    media_type: str
    width: int | None = None
    height: int | None = None
    kind: Kind | None = None


def look(data: bytes, name: str) -> Looked:
    """Return what a file is, whatever its sender says.

    Raises:
        AttachmentUnusable: It is nothing that models are shown.
    """
    if not data:
        raise AttachmentUnusable("There is nothing in it.")
    if len(data) > LARGEST:
        raise AttachmentUnusable(f"It may have {LARGEST} bytes at the most.")
    found = pictures.measured(data)
    if found is None:
        return _document(data, name)
    wide = max(found.width, found.height) > WIDEST
    if wide or not 0 < found.width * found.height <= MOST_PIXELS:
        raise AttachmentUnusable(
            f"A picture may measure {WIDEST} pixels in each direction and {MOST_PIXELS} in all."
        )
    return Looked(found.media_type, found.width, found.height)


def named(name: str | None) -> str:
    """Return a name that is a name and nothing else."""
    kept = "".join(each for each in name or "" if each.isprintable() and each not in '/\\<>"')
    return " ".join(kept.split())[-LONGEST_NAME:] or "attachment"


def _document(data: bytes, name: str) -> Looked:
    try:
        kind = sniff.sniff(data[:HEAD_BYTES], name)
    except UnsupportedFile as error:
        raise AttachmentUnusable(error.detail) from None
    return Looked(MEDIA_TYPES[kind], kind=kind)
