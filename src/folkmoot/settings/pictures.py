"""Pictures that browsers draw and never run: what their first bytes say of them.

A picture that is a document of its own, as SVG is, could carry a script: it is none of these.
"""

from dataclasses import dataclass
from typing import Final

from folkmoot.settings.errors import PictureUnusable

WIDEST: Final = 2_048
"""Pixels, in each direction: a small file could otherwise unfold to gigabytes."""

PNG: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"
JPEG: Final = b"\xff\xd8\xff"
MARKER: Final = 0xFF
FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The segments of a JPEG that tell its size: SOF0 to SOF15, without the tables among them."""


GIF: Final = "image/gif"
GIF_HEAD: Final = 10

HEAD: Final = 30
"""Bytes of a WebP within which its size stands."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What kind a picture is, and its size in pixels."""

    media_type: str
    width: int
    height: int


def recognize(data: bytes) -> Picture:
    """Return what a picture is.

    Raises:
        PictureUnusable: It is none that is taken, or too large to be drawn.
    """
    found = measured(data)
    if found is None or found.media_type == GIF:
        raise PictureUnusable("It has to be a PNG, a JPEG or a WebP.")
    if not (0 < found.width <= WIDEST and 0 < found.height <= WIDEST):
        raise PictureUnusable(f"It may measure {WIDEST} pixels in each direction at most.")
    return found


def measured(data: bytes) -> Picture | None:
    """Return what kind of picture something is, by its first bytes, and how large it says it is."""
    return _png(data) or _jpeg(data) or _webp(data) or _gif(data)


def _gif(data: bytes) -> Picture | None:
    if data[:6] not in {b"GIF87a", b"GIF89a"} or len(data) < GIF_HEAD:
        return None
    return Picture(GIF, _little(data[6:8]), _little(data[8:10]))


def _png(data: bytes) -> Picture | None:
    if not data.startswith(PNG) or len(data) < len(PNG) + 8:
        return None
    at = len(PNG)
    return Picture("image/png", _big(data[at : at + 4]), _big(data[at + 4 : at + 8]))


def _jpeg(data: bytes) -> Picture | None:
    if not data.startswith(JPEG):
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == MARKER:
        kind = data[at + 1]
        if kind in FRAMES:
            return Picture("image/jpeg", _big(data[at + 7 : at + 9]), _big(data[at + 5 : at + 7]))
        at += 1 if kind == MARKER else 2 + _big(data[at + 2 : at + 4])
    return None


def _webp(data: bytes) -> Picture | None:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < HEAD:
        return None
    match data[12:16]:
        case b"VP8X":
            width, height = _little(data[24:27]) + 1, _little(data[27:30]) + 1
        case b"VP8L" if data[20:21] == b"/":
            bits = _little(data[21:25])
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 " if data[23:26] == b"\x9d\x01\x2a":
            width, height = _little(data[26:28]) & 0x3FFF, _little(data[28:30]) & 0x3FFF
        case _:
            return None
    return Picture("image/webp", width, height)


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")
