"""From bytes to text, when the file does not say how it was encoded."""

from importlib import import_module
from typing import Final

BYTE_ORDER_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
GUESS_BYTES: Final = 64 * 1024
GUESSER: Final = "charset_normalizer"
"""Loaded when it is needed: few files are so old that they have to be guessed at."""


def decode(data: bytes) -> str:
    """Decode bytes that are text: by their mark, as UTF-8, else by the likeliest encoding."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        guess = import_module(GUESSER).from_bytes(data[:GUESS_BYTES]).best()
        return data.decode(guess.encoding if guess else "cp1252", "replace")
