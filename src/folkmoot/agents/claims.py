"""What an answer claims where it refers to passages: the statements before its marks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from folkmoot.kit.sentences import bounds
from folkmoot.knowledge.indexing.words import words

MARK: Final = re.compile(r"\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
CODE: Final = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
BETWEEN: Final = re.compile(r"[\s,;]*")
NUMBER: Final = re.compile(r"\d+")
FAR: Final = 1_000
"""Characters before and behind a mark that are looked at."""
LETTER: Final = re.compile(r"\w")
FEWEST_WORDS: Final = 2
"""What stands between two marks of one sentence is a statement from so many words on."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement, and the numbers of the passages that it is said to rest on.

    `wider` is what may be meant as well: all that was said since the marks before.
    """

    text: str
    wider: str
    numbers: tuple[int, ...]


def claims(text: str) -> Iterator[Claim]:
    """Yield what an answer claims, in its order. What looks like a mark in code is none."""
    text = CODE.sub(lambda code: " " * len(code[0]), text)
    before = 0
    for start, end, numbers in _groups(text):
        yield Claim(*_stated(text, before, start, end), numbers)
        before = end


def _groups(text: str) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """Yield marks; those behind one another belong to the same statement."""
    start, end = -1, -1
    numbers: dict[int, None] = {}
    for match in MARK.finditer(text):
        if numbers and BETWEEN.fullmatch(text, end, match.start()) is None:
            yield start, end, tuple(numbers)
            numbers = {}
        start = start if numbers else match.start()
        end = match.end()
        numbers |= dict.fromkeys(int(each) for each in NUMBER.findall(match[1]))
    if numbers:
        yield start, end, tuple(numbers)


def _stated(text: str, before: int, start: int, end: int) -> tuple[str, str]:
    """Return the statement before the marks at `start`, and what may be meant as well.

    A mark may stand in its sentence or behind it; one with hardly a word before it is for the
    sentence as a whole.
    """
    first, last = _sentence(text, start, end)
    stated = text[max(before, first) : start]
    if len(words(MARK.sub(" ", stated))) < FEWEST_WORDS:
        stated = text[first:last]
    wider = text[max(before, _line(text, max(first, before)), start - FAR) : start]
    return MARK.sub(" ", stated).strip(), MARK.sub(" ", wider).strip()


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where the sentence stands that the marks at `start` belong to.

    It is the last one that has begun in their line, the first one behind them there, or the last
    one of the lines before.
    """
    line = max(_line(text, start), start - FAR)
    stop = text.find("\n", end, end + FAR)
    here = list(bounds(text, line, end + FAR if stop < 0 else stop))
    for first, last in reversed(here):
        if first < start and _says(text, first, start):
            return first, last
    said = (each for each in here if each[1] > start and _says(text, *each))
    above = bounds(text, max(0, line - FAR), line)
    return next(said, None) or next(reversed(list(above)), (start, end))


def _line(text: str, place: int) -> int:
    return text.rfind("\n", 0, place) + 1


def _says(text: str, start: int, end: int) -> bool:
    """Whether there is a word besides marks."""
    return LETTER.search(MARK.sub(" ", text[start:end])) is not None
