"""What a parser's child and whoever has started it say to each other.

A frame is one letter, four bytes of length (big-endian) and JSON. This is all that a process which
parses nothing needs to know of a parser.
"""

from typing import Final

PROGRESS: Final = b"P"
UNCONFINED: Final = b"U"
FAILURE: Final = b"F"
RESULT: Final = b"R"
SCANNED: Final = b"S"
UNLOADED: Final = b"L"
ASK: Final = "ask"
