"""From text to the words that the lexical index knows, before they are stemmed.

The same function serves chunks and queries and asks no locale, so that every server agrees.
Compounds are kept in parts and as a whole (`e-mail`: e, mail, email). Scripts that put no space
between words, and Korean, whose words carry their particles, give pairs of characters instead.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Final

LONGEST: Final = 64
"""Longer runs of letters are no words; they are cut."""
COMPOUND_PARTS: Final = 4
IGNORED: Final = re.compile("[\u0307\u0640\u064b-\u0652\u0591-\u05c7]")
"""The dot that casefolding leaves of a Turkish capital I; Arabic and Hebrew vowel points."""
UNSEGMENTED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0002fa1f"
)
MARKS: Final = (0x300, 0x10000)
"""Where Unicode keeps the combining marks of living scripts."""
RARE: Final = "\U00010000-\U0001efff"
"""Old scripts, their marks and signs. One range, because a list of the marks makes a class slow."""
JOINERS: Final = "-./,'\u2019\u2010"


def words(text: str) -> list[str]:
    """Return the words of a text in its order, repeated as often as they stand there."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("_", "-")
    folded = IGNORED.sub("", folded)
    plain = folded.isascii() or _paired().search(folded) is None
    found: list[str] = []
    for match in _compound().findall(folded):
        parts = [match] if match.isalnum() else _run().findall(match)
        if plain or _paired().search(match) is None:
            found += [part[:LONGEST] for part in parts]
            if 1 < len(parts) <= COMPOUND_PARTS:
                found.append("".join(parts)[:LONGEST])
        else:
            found += [word for part in parts for word in _split(part)]
    return found


def _split(run: str) -> Iterator[str]:
    """Yield a run of letters as words, or as pairs of characters where its script asks for it."""
    for piece in _paired().split(run):
        if not piece:
            continue
        if not _paired().fullmatch(piece):
            yield piece[:LONGEST]
            continue
        characters = _character().findall(piece)
        if len(characters) == 1:
            yield characters[0]
        yield from (first + second for first, second in pairwise(characters))


@cache
def _marks() -> str:
    """Return combining marks for a character class: regular expressions miss them in words."""
    return "".join(chr(code) for code in range(*MARKS) if unicodedata.category(chr(code))[0] == "M")


@cache
def _run() -> re.Pattern[str]:
    return re.compile(rf"[\w{_marks()}{RARE}]+")


@cache
def _compound() -> re.Pattern[str]:
    word = rf"[\w{_marks()}{RARE}]+"
    return re.compile(rf"{word}(?:[{JOINERS}]{word})*")


@cache
def _character() -> re.Pattern[str]:
    return re.compile(rf"\w[{_marks()}]*")


@cache
def _paired() -> re.Pattern[str]:
    return re.compile(f"((?:[{UNSEGMENTED}][{_marks()}]*)+)")
