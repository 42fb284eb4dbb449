"""How well an embedder knows a language: measured, because names and licences do not tell.

For each language there are ten questions and their ten answers that share no words. The embedder
is asked which answer belongs to which question. Guessing earns a mean reciprocal rank of .29; a
model that knows the language comes near 1, one that does not stays at guessing.
"""

import asyncio
import json
from importlib import resources
from typing import Final

from folkmoot.llm.port import Embedder, Vectors

WORTHLESS: Final = 0.5
"""Up to this mean reciprocal rank a language counts as unknown to the model."""
FLUENT: Final = 0.85
"""From this one on as known; between the two, proportionally."""
WITNESSES: Final = ("ar", "ru", "zh")
"""Who knows these is taken to know the languages for which there are no questions."""


class Competence:
    """What embedders know; each is asked once about a language, in this process."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], float] = {}
        self._asking = asyncio.Lock()
        self._probes: dict[str, list[tuple[str, str]]] | None = None

    async def of(self, embedder: Embedder, language: str) -> float:
        """Return between 0 and 1 how far an embedder can be trusted with a language.

        Raises:
            ModelError: the embedder failed.
        """
        key = (embedder.name, language)
        if key not in self._known:
            async with self._asking:
                if key not in self._known:
                    self._known[key] = await self._measure(embedder, language)
        return self._known[key]

    async def _measure(self, embedder: Embedder, language: str) -> float:
        if self._probes is None:
            self._probes = await asyncio.to_thread(_load)
        asked = [language] if language in self._probes else list(WITNESSES)
        ranks = [await _mean_reciprocal_rank(embedder, self._probes[each]) for each in asked]
        return min(1.0, max(0.0, (min(ranks) - WORTHLESS) / (FLUENT - WORTHLESS)))


async def _mean_reciprocal_rank(embedder: Embedder, pairs: list[tuple[str, str]]) -> float:
    questions = await embedder.embed([question for question, _ in pairs], kind="query")
    answers = await embedder.embed([answer for _, answer in pairs], kind="document")
    return mean_reciprocal_rank(questions, answers)


def mean_reciprocal_rank(questions: Vectors, answers: Vectors) -> float:
    """Return how high each question ranks its own answer; ties count half."""
    likeness = questions @ answers.T
    own = likeness.diagonal()[:, None]
    better = (likeness > own).sum(axis=1)
    equal = (likeness == own).sum(axis=1) - 1
    return float((1 / (1 + better + equal / 2)).mean())


def _load() -> dict[str, list[tuple[str, str]]]:
    text = (
        resources.files("folkmoot.knowledge.searching").joinpath("probes.json").read_text("utf-8")
    )
    probes: dict[str, list[list[str]]] = json.loads(text)
    return {
        language: [(question, answer) for question, answer in pairs]
        for language, pairs in probes.items()
    }
