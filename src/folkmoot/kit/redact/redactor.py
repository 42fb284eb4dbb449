"""Applying rules to a text, at once or as it arrives."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from folkmoot.kit.redact.rule import Rule, literal

HELD_BACK_AT_MOST: Final = 1024  # characters
CONTEXT: Final = 40  # characters of what went out already that a rule may look at
TRIMMED_FROM: Final = 512  # characters; cutting the context at every delta would cost more
LISTED: Final = re.compile(r"[^\\^-]+")  # a class without ranges, escapes and negation
NOTHING: Final = re.compile("")
SHORTEST_KNOWN: Final = 8  # a shorter value would be found in ordinary words
WORDS: Final = re.compile(r"[a-z]+(?:[ _-][a-z]+)*")
WORDS_SHORTER_THAN: Final = 20  # such as "lm-studio", a key for servers that want none


@dataclass(frozen=True, slots=True)
class _Found:
    """What a rule makes of a place: hide `start` to `end`, or wait there for more (no rule)."""

    begin: int
    start: int
    end: int
    rule: Rule | None


class Redactor:
    """A compiled set of rules; made once, used by any number of texts and streams.

    Args:
        rules: In order of precedence where two fit at the same place.
        known: Exact values to hide wherever they stand, such as configured provider keys.
    """

    def __init__(self, rules: Sequence[Rule], *, known: Iterable[str] = ()) -> None:
        self.rules = (*_known_rules(known), *rules)
        if any(rule.longest > HELD_BACK_AT_MOST for rule in self.rules):
            raise ValueError(f"A shape is longer than {HELD_BACK_AT_MOST} characters.")

    # Compiled when they are first needed: together they take a tenth of a second, and not every
    # process uses every set of rules.

    @cached_property
    def suspect(self) -> re.Pattern[str]:
        """Finds where something to hide may begin."""
        return _any_of(self.rules, beginnings=True)

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        return _any_of(self.rules, beginnings=False)

    @cached_property
    def _starting(self) -> list[list[Rule]]:
        return [self._starting_with(chr(code)) for code in range(128)]

    def redact(self, text: str) -> str:
        """Return the text with everything the rules find replaced by a bracketed label."""
        if self._whole.search(text) is None:
            return text
        return StreamRedactor(self).close(text)

    def find(self, text: str, position: int, *, final: bool) -> _Found | None:
        """Return the first place at or after `position` to hide, or (unless final) to wait at."""
        search = (self._whole if final else self.suspect).search
        while match := search(text, position):
            begin = match.start()
            code = ord(text[begin])
            for rule in self._starting[code] if code < len(self._starting) else self.rules:
                found = _fits(rule, text, begin, final=final)
                if found is not None:
                    return found
            position = begin + 1
        return None

    def _starting_with(self, character: str) -> list[Rule]:
        return [rule for rule in self.rules if re.match(f"[{rule.first}]", character)]


class StreamRedactor:
    """Cleans one text that arrives in deltas; what it lets out does not depend on the cuts.

    It holds back only the longest ending that could still turn into something to hide, never more
    than `HELD_BACK_AT_MOST` characters.
    """

    __slots__ = ("_buffer", "_find", "_position", "_suspect", "_swallowed")

    def __init__(self, redactor: Redactor) -> None:
        self._find = redactor.find
        self._suspect = redactor.suspect.search
        self._buffer = ""  # context that went out already, then what is held back
        self._position = 0  # where in the buffer the held back part begins
        self._swallowed: re.Pattern[str] | None = None

    @property
    def held_back(self) -> int:
        """How many characters wait for the next delta."""
        return len(self._buffer) - self._position

    def feed(self, text: str) -> str:
        """Take the next delta and return what may go out."""
        buffer, position = self._buffer + text, self._position
        if self._swallowed is None and self._suspect(buffer, position) is None:
            if len(buffer) > TRIMMED_FROM:
                self._keep(buffer, len(buffer))
            else:
                self._buffer, self._position = buffer, len(buffer)
            return buffer[position:]
        return self._clean(buffer, position, final=False)

    def flush(self) -> str:
        """Return what was held back: the text has ended."""
        return self.close("")

    def close(self, text: str) -> str:
        """Take the last delta and return everything that is left; the stream can begin anew."""
        out = self._clean(self._buffer + text, self._position, final=True)
        self._buffer, self._position, self._swallowed = "", 0, None
        return out

    def _clean(self, buffer: str, position: int, *, final: bool) -> str:
        buffer, position = self._swallow(buffer, position)
        out: list[str] = []
        while found := self._find(buffer, position, final=final):
            out.append(buffer[position : found.start])
            position = found.end
            if found.rule is None:
                break
            out.append(f"[redacted {found.rule.label}]")
            self._swallowed = found.rule.swallowed or NOTHING
            buffer, position = self._swallow(buffer, position)
        else:
            out.append(buffer[position:])
            position = len(buffer)
        self._keep(buffer, position)
        return "".join(out)

    def _swallow(self, buffer: str, position: int) -> tuple[str, int]:
        """Skip the rest of something hidden, which may go on in the next delta.

        What comes after it stands behind the label's bracket, not behind the secret's last letter.
        """
        if self._swallowed is None:
            return buffer, position
        match = self._swallowed.match(buffer, position)
        rest = buffer[match.end() if match else position :]
        if rest:
            self._swallowed = None
        return "]" + rest, 1

    def _keep(self, buffer: str, position: int) -> None:
        first = max(0, position - CONTEXT)
        self._buffer, self._position = buffer[first:], position - first


def _fits(rule: Rule, text: str, begin: int, *, final: bool) -> _Found | None:
    if rule.context and not rule.context.search(text, max(0, begin - CONTEXT), begin):
        return None
    match = rule.whole.match(text, begin)
    if not final and (rule.begun.match(text, begin) if match is None else _may_grow(rule, match)):
        return _Found(begin, begin, begin, None)
    if match is None:
        return None
    start, end = match.end(1) if rule.shown else begin, match.end()
    length = rule.measure(text[start:end]) if rule.measure else end - start
    return _Found(begin, start, start + length, rule) if length else None


def _may_grow(rule: Rule, match: re.Match[str]) -> bool:
    """Whether more text could change where the shape ends."""
    at_end = match.end() == len(match.string)
    return at_end and rule.open_ended and match.end() - match.start() < rule.longest


def _any_of(rules: Sequence[Rule], *, beginnings: bool) -> re.Pattern[str]:
    """Compile one expression for all rules.

    Every alternative begins with one character, so that a search runs over the others at the speed
    of a table look-up; this is what makes an ordinary token cheap.
    """
    sources: dict[str, list[str]] = {}
    for rule in rules:
        either = [rule.whole_source, rule.begun_source] if beginnings else [rule.whole_source]
        for first in _characters(rule.first):
            sources.setdefault(first, []).extend(either)
    source = "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in sources.items())
    return re.compile(source or "(?!)")


def _characters(chars: str) -> list[str]:
    """Split a class into its characters where it simply lists them."""
    return [re.escape(c) for c in chars] if LISTED.fullmatch(chars) else [f"[{chars}]"]


def _known_rules(values: Iterable[str]) -> list[Rule]:
    """Return a rule for each exact value, longest first so that one inside another is no trap."""
    usable = {piece for value in values if not _is_ordinary(value) for piece in _pieces(value)}
    return [
        Rule("secret", literal(piece), not_after="")
        for piece in sorted(usable, key=len, reverse=True)
    ]


def _pieces(value: str) -> list[str]:
    """Cut what is too long to be held back whole into equal parts, secrets each."""
    count = math.ceil(len(value) / HELD_BACK_AT_MOST)
    size = math.ceil(len(value) / count)
    return [value[start : start + size] for start in range(0, len(value), size)]


def _is_ordinary(value: str) -> bool:
    """Tell whether a value may well stand in a text without being the secret."""
    words = len(value) < WORDS_SHORTER_THAN and WORDS.fullmatch(value)
    return len(value) < SHORTEST_KNOWN or bool(words)
