"""Reading the numbered passages that retrieval puts before a model, and ranking their sentences.

A passage begins a line with its citation mark, `[1] Title`, and goes on to the next mark. Marks
count upwards, so that a bracketed number inside a document is not taken for one.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from folkmoot.llm.offline.function_words import WORDS_WITHOUT_TOPIC
from folkmoot.llm.offline.hashing import WORD, plain

MARK: Final = re.compile(r"^\[(\d{1,4})\][ \t]*", re.MULTILINE)
ENCLOSED: Final = re.compile(r"^</passages[\w-]*>[\s\S]*", re.MULTILINE)
WIDE_ENDINGS: Final = "\u3002\uff01\uff1f"
ENDINGS: Final = ".!?\u2026" + WIDE_ENDINGS
SENTENCE: Final = re.compile(rf"(?<=[{ENDINGS}])[\"')\]\u00bb\u201d]*\s+|(?<=[{WIDE_ENDINGS}])|\n+")
REFERENCE: Final = re.compile(r"\s*\[\d+(?:[,\u2013-]\s?\d+)*\]")
FEWEST_WORDS: Final = 3
LONGEST: Final = 800  # characters of a sentence that is still quoted
STEM: Final = 6  # characters: a crude stem that meets most inflections
IDEOGRAPHS: Final = "\u2e80"
SATURATION: Final = 1.2
LENGTH_SHARE: Final = 0.75
FUNCTION_WORDS: Final = frozenset(word[:STEM] for word in WORDS_WITHOUT_TOPIC.split())


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, the number of the passage it is from, and its place among all sentences."""

    text: str
    passage: int
    place: int


def passages(text: str) -> dict[int, str]:
    """Return the passages of a text by their numbers."""
    marks: list[re.Match[str]] = []
    for mark in MARK.finditer(text):
        if not marks or int(mark[1]) == int(marks[-1][1]) + 1:
            marks.append(mark)
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return {
        int(mark[1]): ENCLOSED.sub("", text[mark.end() : end]).strip()
        for mark, end in zip(marks, ends, strict=False)  # without a mark there is one end too many
    }


def sentences(texts: Iterable[str]) -> list[Sentence]:
    """Return the sentences of all passages that can be quoted; titles and scraps are left out."""
    found: list[Sentence] = []
    for text in texts:
        for number, passage in passages(text).items():
            title, _, body = passage.partition("\n")
            for piece in SENTENCE.split(body or title):
                sentence = REFERENCE.sub("", piece).strip()
                if len(sentence) <= LONGEST and len(terms(sentence)) >= FEWEST_WORDS:
                    found.append(Sentence(sentence, number, len(found)))
    return found


def terms(text: str) -> list[str]:
    """Return what two texts are compared by: stems, and pairs of characters of ideographs."""
    result: list[str] = []
    for word in WORD.findall(plain(text)):
        if word[0] >= IDEOGRAPHS:
            result += [word[start : start + 2] for start in range(max(len(word) - 1, 1))]
        else:
            result.append(word[:STEM])
    return result


def ranked(question: str, found: Sequence[Sentence]) -> list[tuple[float, Sentence]]:
    """Return the sentences that share telling words with the question, best first, by BM25."""
    words = [Counter(terms(sentence.text)) for sentence in found]
    seen = Counter(term for counts in words for term in counts)
    weights = {
        term: math.log(1 + (len(found) - seen[term] + 0.5) / (seen[term] + 0.5))
        for term in set(terms(question)) - FUNCTION_WORDS
    }
    average = sum(counts.total() for counts in words) / max(len(words), 1)
    scored = [
        (_score(counts, weights, average), sentence)
        for counts, sentence in zip(words, found, strict=True)
        if not weights.keys().isdisjoint(counts)
    ]
    return sorted(scored, key=lambda pair: (-pair[0], pair[1].place))


def _score(counts: Counter[str], weights: dict[str, float], average: float) -> float:
    length = 1 - LENGTH_SHARE + LENGTH_SHARE * counts.total() / average
    return sum(
        weight * counts[term] * (1 + SATURATION) / (counts[term] + SATURATION * length)
        for term, weight in weights.items()
        if counts[term]
    )
