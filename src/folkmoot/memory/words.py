"""How well texts fit by their words, where there are no vectors to tell by their meaning."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from folkmoot.llm.offline.function_words import WORDS_WITHOUT_TOPIC

WORD: Final = re.compile(r"[^\W_]+")
UNSEGMENTED: Final = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
STEM: Final = 6
"""Letters of a word that count: endings differ with grammar."""
WITHOUT_TOPIC: Final = frozenset(WORDS_WITHOUT_TOPIC.split())


def terms(text: str) -> frozenset[str]:
    """Return what a text is compared by: the beginnings of its words, without accents.

    Scripts that set no spaces are cut into pairs of characters.
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    words = WORD.findall("".join(each for each in plain if not unicodedata.combining(each)))
    found: set[str] = set()
    for word in words:
        if UNSEGMENTED.search(word):
            found.update(map("".join, pairwise(word)))
            found.update(word if len(word) == 1 else ())
        elif word not in WITHOUT_TOPIC:
            found.add(word[:STEM])
    return frozenset(found)


def ranked(query: str, texts: Iterable[str]) -> Sequence[int]:
    """Return the places of those texts that share a word with a query, the best first.

    A word counts the more, the fewer texts have it.
    """
    wanted = terms(query)
    shared = [terms(text) & wanted for text in texts]
    having = {term: sum(term in each for each in shared) for term in wanted}
    scores = [sum(1 / having[term] for term in each) for each in shared]
    places = [place for place, score in enumerate(scores) if score > 0]
    return sorted(places, key=lambda place: -scores[place])
