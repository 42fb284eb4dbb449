"""What readings of conversations have in common: what is read, and the changes that follow.

A change is what a model says: it is bounded, and names a memory by the number under which it was
shown, so that it can touch no other.
"""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

import msgspec

from folkmoot.memory.models import MemoryKind
from folkmoot.memory.ports import Said

MOST_CHANGES: Final = 20
LONGEST_MESSAGE: Final = 4_000
LONGEST_TALK: Final = 24_000
"""Characters of what is read at once; the last words count most."""
SURE: Final = 0.5
"""What is less sure is not remembered."""
MOST_TOKENS: Final = 4_000
"""Of one answer."""

Number = Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a model wants changed; numbers are those that it was shown."""

    action: Literal["add", "update", "delete"]
    number: Number | None = None
    text: str | None = None
    kind: MemoryKind | None = None
    confidence: float | None = None
    days: Number | None = None
    message: Number | None = None

    @property
    def sure(self) -> bool:
        """Whether it is sure enough to be heeded."""
        return self.confidence is None or self.confidence >= SURE


def heeded(changes: Sequence[Change]) -> Sequence[Change]:
    """Return the changes that are made: no more than may be, and none that is doubtful."""
    return [each for each in changes[:MOST_CHANGES] if each.sure]


def last_words(talk: Sequence[Said]) -> Sequence[tuple[int, Said, str]]:
    """Return the end of a talk, as much as is read at once: numbers from 1, messages, texts."""
    room, found = LONGEST_TALK, list[tuple[int, Said, str]]()
    for number, said in reversed(list(enumerate(talk, 1))):
        text = said.text[:LONGEST_MESSAGE]
        room -= len(text)
        if room < 0:
            break
        found.append((number, said, text))
    return found[::-1]
