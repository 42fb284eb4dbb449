"""Small pictures, made byte by byte."""

import struct
import zlib


def png(width: int = 4, height: int = 4, *, red: int = 200) -> bytes:
    """Draw a picture of one colour."""
    rows = (b"\x00" + bytes((red, 60, 90)) * width) * height
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def jpeg(width: int, height: int, frame: int = 0xC0) -> bytes:
    """Return the beginning of a JPEG, with a table before its frame as real ones have."""
    table = b"\xff\xc4" + struct.pack(">H", 6) + b"huff"
    header = struct.pack(">HBHH", 17, 8, height, width)
    return (
        b"\xff\xd8"
        b"\xff\xe0"
        + struct.pack(">H", 4)
        + b"JF"
        + table
        + b"\xff"
        + bytes((0xFF, frame))
        + header
        + bytes(10)
    )


def webp(kind: bytes, body: bytes) -> bytes:
    """Return a WebP of one of the three kinds."""
    chunk = kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk
