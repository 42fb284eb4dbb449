"""Whether one question may be answered with the answer to another that looks like it.

Vectors tell what a question is about, and hardly what it asks: "how many" and "how few", 2024 and
2025, "may I" and "may I not" stand close together. What they overlook is looked at here, and where
there is doubt a model is asked.
"""

import re
import unicodedata
from typing import Final

from folkmoot.llm.function_words import WORDS_WITHOUT_TOPIC

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
WITHOUT_TOPIC: Final = frozenset(WORDS_WITHOUT_TOPIC.split())
NEGATIONS: Final = frozenset(NEGATING.split())
ASKED_FOR: Final = frozenset(ASKING.split())
NEAR: Final = 0.5
"""The share of the words with a topic that both have to have in common."""
STEM: Final = 5
"""Letters of a word that count: endings differ with grammar."""

WORD: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
APOSTROPHE: Final = re.compile(r"['\u2019]")
EXACT: Final = re.compile(r"\S*\d\S*|\"[^\"]*\"|`[^`]*`|https?://\S+|\S+@\S+|[-+*/=<>%€$£]")
"""What has to be the same to the letter: figures, quotations, code, addresses, signs."""


def alike(one: str, other: str) -> bool:
    """Whether both ask for the same, as far as can be told from their words."""
    if _exact(one) != _exact(other) or _names(one) != _names(other):
        return False
    mine, theirs = _words(one), _words(other)
    for kind in (NEGATIONS, ASKED_FOR):
        if mine & kind != theirs & kind:
            return False
    topics, others = _topics(mine), _topics(theirs)
    both = topics | others
    return bool(both) and len(topics & others) >= NEAR * len(both)


def _plain(text: str) -> str:
    """Return the text in small letters, without accents and apostrophes."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in parts if not unicodedata.combining(each))


def _words(text: str) -> frozenset[str]:
    found = WORD.findall(_plain(text))
    return frozenset(APOSTROPHE.sub("", word) for word in found)


def _topics(words: frozenset[str]) -> frozenset[str]:
    left = words - WITHOUT_TOPIC - NEGATIONS - ASKED_FOR
    return frozenset(word[:STEM] for word in left)


def _exact(text: str) -> list[str]:
    return sorted(each.strip(".,;:!?") for each in EXACT.findall(text))


def _names(text: str) -> frozenset[str]:
    """Return the words that are written large, but for the first one of each sentence."""
    found: set[str] = set()
    for sentence in re.split(r"[.!?:\n]+\s*", text):
        words = WORD.findall(sentence)
        found.update(word.casefold() for word in words[1:] if word[:1].isupper())
    return frozenset(found - {"i"})
