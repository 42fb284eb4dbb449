"""Headers of messages as people read them (RFC 2047), whatever is wrong with them."""

import re
from email.header import decode_header
from email.message import Message
from typing import Final

from folkmoot.knowledge import plaintext
from folkmoot.knowledge.parsing.encoding import decode

LONGEST: Final = 2_000
FOLDED: Final = re.compile(r"[\r\n]+[ \t]*")


def text(message: "Message[str, str]", name: str) -> str:
    """Return a header on one line, "" if there is none."""
    return readable(str(message.get(name, "")))


def readable(header: str) -> str:
    """Return what the encoded words of a header say."""
    header = FOLDED.sub(" ", header[:LONGEST])
    try:
        pieces = decode_header(header)
    except ValueError:  # its base64 is broken
        pieces = [(header, None)]
    said = (
        piece if isinstance(piece, str) else decoded(piece, charset) for piece, charset in pieces
    )
    return plaintext.one_line("".join(said), LONGEST)


def decoded(data: bytes, charset: str | None) -> str:
    """Decode what is said to be in an encoding, and is not always."""
    try:
        return data.decode(charset or "utf-8")
    except (LookupError, UnicodeError, ValueError):
        return decode(data)


def file_name(message: "Message[str, str]") -> str:
    """Return what a part is called as a file, "" if it is not."""
    try:
        name = message.get_filename("")
    except (LookupError, UnicodeError, ValueError):
        return ""
    return plaintext.one_line(readable(name).replace("\\", "/").rpartition("/")[2], 200)
