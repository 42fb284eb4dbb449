"""What a rule is: a shape that can be recognised whole, and told from its beginning alone.

A rule is written as a row of character classes instead of as a regular expression, because two
expressions are made from it: one for the complete shape, and one for every beginning of it that a
stream may have reached. The second one decides what a stream has to hold back.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

OUTSIDE_WORDS: Final = "A-Za-z0-9"
NESTED_AT_MOST: Final = 16  # parts told exactly in a beginning; what follows may be anything


@dataclass(frozen=True, slots=True)
class Part:
    """Between `least` and `most` characters of a class, written as the inside of `[...]`."""

    chars: str
    least: int = 1
    most: int = 1

    @property
    def source(self) -> str:
        return f"[{self.chars}]" + (
            "" if self.least == self.most == 1 else f"{{{self.least},{self.most}}}"
        )


def literal(text: str) -> tuple[Part, ...]:
    """Return the parts that spell `text` exactly."""
    return tuple(Part(re.escape(character)) for character in text)


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of thing that must not be shown.

    Attributes:
        label: What the reader sees in its place, in brackets.
        parts: The shape. A part of variable length is followed by one that it cannot contain, so
            that a text has one reading only.
        shown: How many leading parts stay in the text.
        not_after: Class of characters that must not precede the shape ("" for any).
        after: Expressions of fixed width, one of which must precede the shape (none for any).
        context: Expression that must end right before the shape, within `CONTEXT` characters.
        tail: Class of characters that are swallowed after the shape, without limit.
        measure: Given the hidden part, how many of its characters to hide; 0 means "not this".
    """

    label: str
    parts: tuple[Part, ...]
    shown: int = 0
    not_after: str = OUTSIDE_WORDS
    after: tuple[str, ...] = ()
    context: re.Pattern[str] | None = None
    tail: str = ""
    measure: Callable[[str], int] | None = None
    whole: re.Pattern[str] = field(init=False, compare=False)
    begun: re.Pattern[str] = field(init=False, compare=False)
    swallowed: re.Pattern[str] | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        tail = re.compile(f"[{self.tail}]*") if self.tail else None
        first = f"[{self.first}]"
        object.__setattr__(self, "whole", re.compile(first + self.whole_source))
        object.__setattr__(self, "begun", re.compile(first + self.begun_source))
        object.__setattr__(self, "swallowed", tail)

    @property
    def first(self) -> str:
        """The class of the first character: what a search can jump to."""
        return self.parts[0].chars

    @property
    def longest(self) -> int:
        """How many characters the shape has at most."""
        return sum(part.most for part in self.parts)

    @property
    def open_ended(self) -> bool:
        """Whether the shape could still grow when it ends where the text ends."""
        return self.parts[-1].least < self.parts[-1].most

    @property
    def whole_source(self) -> str:
        """The complete shape without its first character; a group holds what stays of the rest."""
        head, *rest = self.parts
        more = "" if head.most == 1 else f"[{head.chars}]{{{head.least - 1},{head.most - 1}}}"
        sources = [more, *(part.source for part in rest)]
        shown, hidden = "".join(sources[: self.shown]), "".join(sources[self.shown :])
        return self._preceded + (f"({shown})" if self.shown else "") + hidden

    @property
    def begun_source(self) -> str:
        """Any beginning of the shape that reaches the end, without its first character."""
        head, *rest = self.parts
        beyond = sum(part.most for part in rest[NESTED_AT_MOST:])
        source = rf"[\s\S]{{0,{beyond}}}" if beyond else ""
        for part in reversed(rest[:NESTED_AT_MOST]):
            source = _beginning(part, source)
        if head.most > 1:
            source = f"[{head.chars}]{{0,{head.most - 1}}}" + (f"(?:{source})?" if source else "")
        return self._preceded + (f"(?:{source})?" if source else "") + r"\Z"

    @property
    def _preceded(self) -> str:
        """Assertions on what stands before, seen from behind the first character."""
        after = "|".join(rf"(?<={before}[\s\S])" for before in self.after)
        after = f"(?:{after})" if after else ""
        if not self.not_after:
            return after
        escaped = r"(?<=\\[nrt][\s\S])"  # the letter of "\n" in a JSON text is no part of a word
        return after + rf"(?:(?<![{self.not_after}][\s\S])|{escaped})"


def _beginning(part: Part, rest: str) -> str:
    """Return an expression for any beginning of `part`, or all of it and a beginning of the rest.

    It may accept more than the true beginnings: holding back too much is safe, too little is not.
    """
    if part.most == 1:
        optional = "?" if part.least == 0 else ""
        return f"[{part.chars}]{optional}" + (f"(?:{rest})?" if rest else "")
    return f"[{part.chars}]{{0,{part.most}}}" + (f"(?:{rest})?" if rest else "")
