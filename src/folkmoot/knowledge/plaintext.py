"""Text as the rest of the room expects it: NFC, LF, nothing that a database or JSON refuses."""

import re
import unicodedata
from functools import cache
from typing import Final

# C0 and C1 controls save tab and newline; lone surrogates; noncharacters; marks that only say
# where a line may break or which order the bytes had.
UNWANTED: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\u00ad\u200b\u2060\ufeff\ufffe\uffff]"
)
LINE_END: Final = re.compile("\r\n?|[\x85\u2028\u2029]")
BLANKS: Final = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
GAP: Final = re.compile(r"\n{3,}")
MOST_MARKS: Final = 30
"""Marks that one letter keeps, as in the stream-safe format of UAX 15: NFC sorts them slowly."""
MARKS: Final = (0x300, 0x10000)
"""Where Unicode keeps the combining marks of living scripts."""
RARE: Final = "\U00010000-\U0001ffff"
"""Where others are, among letters and signs. A list of them would make a class slow."""
LIGATURES: Final = {
    "\ufb00": "ff",
    "\ufb01": "fi",
    "\ufb02": "fl",
    "\ufb03": "ffi",
    "\ufb04": "ffl",
    "\ufb05": "st",
    "\ufb06": "st",
}
LIGATURE: Final = re.compile("[\ufb00-\ufb06]")
"""`str.translate` takes ten times as long where there is none."""


def normalise(text: str) -> str:
    """Return the text in NFC with LF line ends, without controls, ligatures and wide gaps."""
    text = UNWANTED.sub("", BLANKS.sub(" ", LINE_END.sub("\n", text)))
    if not text.isascii():
        text = LIGATURE.sub(lambda found: LIGATURES[found[0]], text)
        text = _heaps().sub(_thinned, text)
        text = unicodedata.normalize("NFC", text)
    text = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    return GAP.sub("\n\n", text).strip("\n")


@cache
def _heaps() -> re.Pattern[str]:
    """Match where a letter may have too many marks."""
    marks = "".join(filter(_marks_in, map(chr, range(*MARKS))))
    return re.compile(f"[{marks}{RARE}][{marks}{RARE}]{{{MOST_MARKS},}}")


def _thinned(heap: re.Match[str]) -> str:
    """Return the heap with no letter's marks beyond the first so many."""
    kept: list[str] = []
    marks = 0
    for character in heap[0]:
        more = _marks_in(character)
        marks = marks + more if more else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def _marks_in(character: str) -> int:
    """Return how many marks a character stands for, 0 for any that is none."""
    parts = unicodedata.normalize("NFD", character)
    return len(parts) if unicodedata.combining(parts[0]) else 0


def one_line(text: str, limit: int = 300) -> str:
    """Return the text on one line, cut to `limit` characters: titles, headings, file names."""
    return " ".join(normalise(text).split())[:limit].strip()
