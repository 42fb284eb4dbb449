"""Any LangChain embeddings behind our port. Loaded by name, like the bridge for chat models."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from langchain_core.embeddings import Embeddings

from folkmoot.llm.billing import estimate, metering
from folkmoot.llm.config import Timeouts
from folkmoot.llm.errors import ModelAnswerMalformed, ModelTimedOut
from folkmoot.llm.langchain import failures
from folkmoot.llm.port import EmbeddingKind, Vectors
from folkmoot.llm.vectors import joined, rows, unit

BATCH: Final = 64
"""Texts in one call; what the plug-in makes of that is its own."""


def build(
    name: str, factory: Embeddings | Callable[[str], object], timeouts: Timeouts
) -> "LangChainEmbedder":
    """Wrap embeddings, or what a factory makes of the name behind the provider's."""
    made = factory if isinstance(factory, Embeddings) else factory(name.partition(":")[2])
    if not isinstance(made, Embeddings):
        raise TypeError(f"{type(made).__name__} has no embeddings")
    return LangChainEmbedder(name, made, timeouts.embed)


class LangChainEmbedder:
    """Sends the texts in batches, one after the other."""

    def __init__(self, name: str, embeddings: Embeddings, patience: float) -> None:
        self.name = name
        self.dimensions: int | None = None
        self._embeddings = embeddings
        self._patience = patience

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        """Embed the texts; see `port.Embedder`."""
        found: list[list[float]] = []
        for start in range(0, len(texts), BATCH):
            found += await self._ask(list(texts[start : start + BATCH]), kind)
        if not found:
            return joined([], self.dimensions)
        try:
            vectors = unit(self.name, rows(found), len(texts))
        except ValueError:
            raise ModelAnswerMalformed(self.name, "its vectors differ in length") from None
        self.dimensions = int(vectors.shape[1])
        return vectors

    async def _ask(self, texts: list[str], kind: EmbeddingKind) -> list[list[float]]:
        with metering.call(lambda: estimate.texts(texts)):
            metering.sent()  # what becomes of it in there, nobody tells
            return await self._answered(texts, kind)

    async def _answered(self, texts: list[str], kind: EmbeddingKind) -> list[list[float]]:
        try:
            async with asyncio.timeout(self._patience):
                with failures.told(self.name):
                    if kind == "query":
                        return [await self._embeddings.aembed_query(text) for text in texts]
                    return await self._embeddings.aembed_documents(texts)
        except TimeoutError:
            raise ModelTimedOut(self.name, "an answer", self._patience) from None
