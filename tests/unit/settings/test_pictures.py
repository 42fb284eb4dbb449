"""What a picture is, by its first bytes."""

import pytest

from drawing import jpeg, png, webp
from folkmoot.settings.errors import PictureUnusable
from folkmoot.settings.pictures import Picture, recognize

LOSSY = b"\x00\x00\x00\x9d\x01\x2a" + (300).to_bytes(2, "little") + (200).to_bytes(2, "little")
LOSSLESS = b"/" + (299 | 199 << 14).to_bytes(4, "little")
EXTENDED = bytes(4) + (299).to_bytes(3, "little") + (199).to_bytes(3, "little")


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (png(300, 200), "image/png"),
        (jpeg(300, 200), "image/jpeg"),
        (jpeg(300, 200, frame=0xC2), "image/jpeg"),
        (webp(b"VP8 ", LOSSY + bytes(8)), "image/webp"),
        (webp(b"VP8L", LOSSLESS + bytes(8)), "image/webp"),
        (webp(b"VP8X", EXTENDED), "image/webp"),
    ],
)
def test_what_browsers_draw_is_known_by_its_first_bytes(data: bytes, media_type: str) -> None:
    assert recognize(data) == Picture(media_type, 300, 200)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"GIF89a" + bytes(40),
        b"\x89PNG\r\n\x1a\n<script>" + bytes(40),
        png()[:20],
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\xff\xff" + bytes(20),
        jpeg(300, 200, frame=0xC4),
        webp(b"VP8L", b"no signature, and long enough"),
        webp(b"ANIM", bytes(40)),
        webp(b"VP8 ", LOSSY)[:28],
    ],
)
def test_everything_else_is_no_picture(data: bytes) -> None:
    with pytest.raises(PictureUnusable, match="PNG"):
        recognize(data)


@pytest.mark.parametrize(("width", "height"), [(2049, 1), (1, 2049), (0, 1), (1, 0)])
def test_what_would_unfold_to_too_much_is_refused(width: int, height: int) -> None:
    with pytest.raises(PictureUnusable, match="2048"):
        recognize(jpeg(width, height))
