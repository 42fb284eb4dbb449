"""Whether one question may be answered with the answer to another that looks like it.

Vectors tell what a question is about, and hardly what it asks: "how many" and "how few", 2024 and
2025, "may I" and "may I not" stand close together. What they overlook is looked at here, and where
there is doubt a model is asked.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from folkmoot.llm.offline.function_words import WORDS_WITHOUT_TOPIC

NEGATING: Final = """
no not never none nobody nothing neither nor without cannot cant dont doesnt isnt wont
nicht kein keine keinen keiner keinem nie niemand nichts ohne
ne pas jamais rien personne sans aucun aucune nunca nada nadie ningun ninguna sin tampoco
"""
ASKING: Final = """
who whom whose when where why how which wer wen wem wessen wann wo wohin woher warum wieso weshalb
wie qui quand ou pourquoi comment combien quien cuando donde como cuanto
"""
"""What an answer has to tell: two questions that ask for something else have other answers."""
NEGATIONS: Final = frozenset(NEGATING.split())
ASKED_FOR: Final = frozenset(ASKING.split())
TURNING: Final = frozenset(["on", "off", "before", "after", "vor", "nach", "aus", "did"])
"""Small words by which two questions become each other's opposite, or one of another time."""
TELLING_NOTHING: Final = NEGATIONS | ASKED_FOR | frozenset(WORDS_WITHOUT_TOPIC.split())
NEAR: Final = 2 / 3
"""The share of its words with a topic that the other question has to have, too."""
STEM: Final = 5
"""Letters of a word that count: endings differ with grammar."""
ENDING: Final = 3
"""Letters by which two words may differ in length and still be one."""

WORD: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
APOSTROPHE: Final = re.compile(r"['\u2019]")
EXACT: Final = re.compile(r"\S*\d\S*|\"[^\"]*\"|`[^`]*`|https?://\S+|\S+@\S+|[-+*/=<>%€$£]")
"""What has to be the same to the letter: figures, quotations, code, addresses, signs."""


def alike(one: str, other: str) -> bool:
    """Whether both ask for the same, as far as can be told from their words.

    Where each has a topic of its own, these may be what the answer turns on, and so may the order:
    whether Berlin is larger than Paris is not whether Paris is larger than Berlin.
    """
    if _exact(one) != _exact(other) or _names(one) != _names(other):
        return False
    mine, theirs = _words(one), _words(other)
    for kind in (NEGATIONS, ASKED_FOR, TURNING):
        if kind.intersection(mine) != kind.intersection(theirs):
            return False
    fewer, more = sorted((_topics(mine), _topics(theirs)), key=len)
    return bool(fewer) and len(fewer) >= NEAR * len(more) and _within(fewer, more)


def _within(fewer: Sequence[str], more: Sequence[str]) -> bool:
    """Whether all of these words are among the others, in the same order."""
    left = iter(more)
    return all(any(_same(word, each) for each in left) for word in fewer)


def _same(one: str, other: str) -> bool:
    return one[:STEM] == other[:STEM] and abs(len(one) - len(other)) <= ENDING


def _plain(text: str) -> str:
    """Return the text in small letters, without accents and apostrophes."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in parts if not unicodedata.combining(each))


def _words(text: str) -> list[str]:
    return [APOSTROPHE.sub("", word) for word in WORD.findall(_plain(text))]


def _topics(words: Sequence[str]) -> list[str]:
    """Return the words that tell a topic, each once."""
    return list(dict.fromkeys(word for word in words if word not in TELLING_NOTHING))


def _exact(text: str) -> list[str]:
    return [each.strip(".,;:!?") for each in EXACT.findall(text)]


def _names(text: str) -> list[str]:
    """Return the words that are written large, but for the first one of each sentence."""
    found: list[str] = []
    for sentence in re.split(r"[.!?:\n]+\s*", text):
        words = WORD.findall(sentence)
        found += [word.casefold() for word in words[1:] if word[:1].isupper()]
    return [name for name in found if name != "i"]
