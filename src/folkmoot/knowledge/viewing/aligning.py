"""Where the lines of a page are in its text, if both are letters and digits alone.

The text has most of the lines, in an order of its own. Long lines are unmistakable and placed
first; short ones only where the lines around them leave room.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

Place = int | None
Line = Sequence[str]
"""The words of a line."""

SENTENCE: Final = 24
WORD: Final = 8
"""Characters from which on something is unlikely to stand anywhere else."""
REACH: Final = 200
"""Characters behind the line before, where a short one is looked for."""
TRIES: Final = 100
"""Places that are looked at for one line."""


def aligned(lines: Sequence[Line], text: str) -> list[list[Place]]:
    """Return where in the text each word of each line begins, None for those that are not there."""
    taken = bytearray(len(text))
    wholes = ["".join(line) for line in lines]
    places: list[Place] = [None] * len(lines)
    _place(wholes, places, text, taken, least=SENTENCE)
    _place(wholes, places, text, taken, least=WORD)
    _place(wholes, places, text, taken)
    words = [word for line in lines for word in line]
    single: list[Place] = []
    for line, place in zip(lines, places, strict=True):
        offsets = accumulate(map(len, line[:-1]), initial=0)
        single += [None if place is None else place + offset for offset in offsets]
    _place(words, single, text, taken, least=WORD)
    _place(words, single, text, taken)
    each = iter(single)
    return [[next(each) for _ in line] for line in lines]


def _place(
    pieces: Sequence[str], places: list[Place], text: str, taken: bytearray, *, least: int = 1
) -> None:
    """Find pieces of at least that length which have no place yet."""
    following = _following(places, len(text))
    cursor = 0
    for index, piece in enumerate(pieces):
        place = places[index]
        if place is None and len(piece) >= least:
            place = _near(piece, text, taken, cursor, following[index])
            if place is None and least > 1:
                place = _free(piece, text, taken, 0, len(text))
            if place is not None:
                taken[place : place + len(piece)] = b"\x01" * len(piece)
                places[index] = place
        if place is not None:
            cursor = place + len(piece)


def _following(places: Sequence[Place], end: int) -> list[int]:
    """Return for each piece where the next one begins that has a place."""
    found: list[int] = []
    for place in reversed(places):
        end = end if place is None else place
        found.append(end)
    return found[::-1]


def _near(piece: str, text: str, taken: bytearray, cursor: int, following: int) -> Place:
    end = following if following > cursor else cursor + REACH
    return _free(piece, text, taken, cursor, end)


def _free(piece: str, text: str, taken: bytearray, start: int, end: int) -> Place:
    """Return the first place between two where nothing else was placed."""
    for _ in range(TRIES):
        place = text.find(piece, start, end)
        if place < 0:
            return None
        other = taken.rfind(1, place, place + len(piece))
        if other < 0:
            return place
        start = other + 1
    return None
