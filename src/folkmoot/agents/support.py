"""Whether a passage bears out what an answer says, and where.

Words are compared by the beginnings that inflections share; the rarer one is among the passages
that were shown, the more it says. A statement is supported by a passage that holds `SUPPORTED` of
what it says, unless another one that was shown holds more than `ELSEWHERE` times as much. What it
quotes must stand there, and one of its numbers, where there are any. A statement in another
language than the passage has no words in common with it: of these only quotations and numbers are
looked at.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from folkmoot.kit.sentences import bounds
from folkmoot.knowledge.indexing import languages
from folkmoot.knowledge.indexing.common_words import COMMON_WORDS
from folkmoot.knowledge.indexing.words import words
from folkmoot.tools.sources import Passage

SUPPORTED: Final = 0.25
ELSEWHERE: Final = 2.5
STEM: Final = 6
"""Characters that inflections mostly share."""
LEAST_WEIGHT: Final = 0.4
"""What a word weighs that stands in every passage; one in a single passage weighs 1."""
WINDOW: Final = 3
"""Sentences of a span at most."""
WORTH: Final = 0.15
"""What one more sentence has to add to a span."""
QUOTE: Final = re.compile(
    '"([^"\n]+)"|\u201c([^\u201c\u201d\n]+)\u201d|\u201e([^\u201c-\u201e\n]+)[\u201c\u201d]'
    "|\u00ab([^\u00ab\u00bb\n]+)\u00bb|\u300c([^\u300c\u300d\n]+)\u300d"
)
"""What is opened again begins anew, so that marks which are never closed are passed by once."""
QUOTED_WORDS: Final = 3
"""Fewer words between quotation marks may be a name or irony."""
LEFT_OUT: Final = re.compile(r"\[?(?:\u2026|\.\.\.)\]?|\[[^\]\n]{1,40}\]")
NUMBER: Final = re.compile(r"\d(?:[\d.,\u202f'\u2019]*\d)?")
APART: Final = re.compile(r"[.,\u202f'\u2019]")


class Fault(StrEnum):
    """Why a citation was dropped."""

    UNKNOWN = "unknown"
    QUOTE = "quote"
    NUMBER = "number"
    SUPPORT = "support"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in a passage something stands: offsets in its text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Said:
    """A statement, as it is compared with each passage that it is said to rest on.

    Attributes:
        asked: What it says, by weight.
        shares: How much of that each passage holds.
    """

    quotations: Sequence[str]
    numbers: frozenset[str]
    language: str
    asked: Mapping[str, float]
    shares: Sequence[float]


class Shelf:
    """The passages that a model was shown, as claims are compared with them."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._terms = [terms(f"{each.title}\n{each.text}") for each in passages]
        self._seen = Counter(term for each in self._terms for term in each)
        self._sentences: dict[int, list[tuple[int, int, frozenset[str]]]] = {}
        self._plain: dict[int, str] = {}
        self._numbers: dict[int, frozenset[str]] = {}
        self._languages: dict[int, str] = {}
        self._said: dict[str, Said] = {}

    def judge(self, text: str, number: int, *, alone: bool) -> Spot | Fault:
        """Return where passage `number` bears a statement out, or why it does not.

        `alone` says that the statement is said to rest on no other passage besides.
        """
        if not 1 <= number <= len(self._passages):
            return Fault.UNKNOWN
        said, passage = self._read(text), self._passages[number - 1]
        if not all(self._quotes(number, each) for each in said.quotations):
            return Fault.QUOTE
        if alone and not self._numbers_met(said, number):
            return Fault.NUMBER
        if _supports(said, number):
            return self._spot(said.asked, number) or Spot(0, len(passage.text))
        return Spot(0, len(passage.text)) if self._differ(said, number) else Fault.SUPPORT

    def _read(self, text: str) -> Said:
        """Return a statement as it is compared; one is read once, however much it rests on."""
        if text not in self._said:
            language = languages.detect(text)
            asked = self._weights(terms(text) - _common(language))
            shares = [share(asked, each) for each in self._terms] if asked else []
            self._said[text] = Said(_quotations(text), _numbers(text), language, asked, shares)
        return self._said[text]

    def _numbers_met(self, said: Said, number: int) -> bool:
        """Whether a passage has one of a statement's numbers, or either has none that says much."""
        if number not in self._numbers:
            passage = self._passages[number - 1]
            self._numbers[number] = _numbers(f"{passage.title} {passage.text}")
        asked, there = said.numbers, self._numbers[number]
        return not asked or not there or bool(asked & there)

    def _differ(self, said: Said, number: int) -> bool:
        """Whether they are in languages that are known and not the same."""
        if number not in self._languages:
            self._languages[number] = languages.detect(self._passages[number - 1].text)
        pair = {said.language, self._languages[number]}
        return len(pair) > 1 and languages.UNKNOWN not in pair

    def _weights(self, said: Iterable[str]) -> Mapping[str, float]:
        return {each: self._weight(each) for each in said}

    def _weight(self, term: str) -> float:
        count = len(self._passages)
        rare = math.log((count + 1) / max(self._seen[term], 1)) / math.log(count + 1)
        return max(LEAST_WEIGHT, rare)

    def _quotes(self, number: int, quotation: str) -> bool:
        if number not in self._plain:
            passage = self._passages[number - 1]
            self._plain[number] = _plain(f"{passage.title}\n{passage.text}")
        return quotation in self._plain[number]

    def _spot(self, asked: Mapping[str, float], number: int) -> Spot | None:
        """Return the few sentences in a row that hold most of what is said."""
        told = self._told(number) if asked else []
        best, spot = 0.0, None
        for first in range(len(told)):
            held: frozenset[str] = frozenset()
            for last in range(first, min(first + WINDOW, len(told))):
                held |= told[last][2]
                value = share(asked, held) - WORTH * (last - first)
                if value > best + 1e-9:
                    best, spot = value, Spot(told[first][0], told[last][1])
        return spot

    def _told(self, number: int) -> list[tuple[int, int, frozenset[str]]]:
        if number not in self._sentences:
            text = self._passages[number - 1].text
            self._sentences[number] = [
                (start, end, terms(text[start:end])) for start, end in bounds(text)
            ]
        return self._sentences[number]


def terms(text: str) -> frozenset[str]:
    """Return what a text says, as beginnings of words."""
    return frozenset(word[:STEM] for word in words(text))


def share(asked: Mapping[str, float], held: frozenset[str]) -> float:
    """Return how much of what is said something holds."""
    return sum(asked[each] for each in asked.keys() & held) / sum(asked.values())


def _supports(said: Said, number: int) -> bool:
    if len(said.asked) <= 1 and not any(said.shares):
        return True  # "Yes" says nothing by itself
    own = said.shares[number - 1]
    return own >= SUPPORTED and own * ELSEWHERE >= max(said.shares)


@cache
def _common(language: str) -> frozenset[str]:
    """Return the words of a language that have no topic, as `terms` does."""
    return terms(COMMON_WORDS.get(language, ""))


def _quotations(text: str) -> list[str]:
    """Return what a text quotes; what it has left out or put in parts a quotation in two."""
    found = ("".join(match.groups("")) for match in QUOTE.finditer(text))
    parts = (_plain(part) for each in found for part in LEFT_OUT.split(each))
    return [part for part in parts if len(part.split()) >= QUOTED_WORDS]


def _plain(text: str) -> str:
    """Return a text as quotations are compared: words alone, as nobody keeps to its signs."""
    return " ".join(words(text))


def _numbers(text: str) -> frozenset[str]:
    """Return numbers of two digits and more; 5.2 million and 5,200,000 are the same."""
    found = (APART.sub("", each) for each in NUMBER.findall(text))
    return frozenset(each.rstrip("0") for each in found if len(each) > 1)
