"""An embedder that knows birds by all their names, and can be had to wait or to fail."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from folkmoot.llm.errors import ModelUnavailable
from folkmoot.llm.port import EmbeddingKind, Vectors
from folkmoot.llm.vectors import scaled
from knowing import Concepts

BIRDS = {"heron": 0, "reiher": 0, "stork": 1, "storch": 1, "wren": 2, "zaunkönig": 2}


@dataclass
class Birds(Concepts):
    """Knows birds; waits before it embeds a word, or fails at one."""

    name: str = "test:birds"
    dimensions: int | None = 64
    held: str = "§"
    refused: str = "§"
    concepts: dict[str, int] = field(default_factory=lambda: BIRDS)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[str] = field(default_factory=list[str])

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        self.asked += texts if kind == "document" else []
        if any(self.held in text for text in texts):
            await self.gate.wait()
        if any(self.refused in text for text in texts):
            raise ModelUnavailable(self.name)
        vectors = await super().embed(texts, kind=kind)
        return scaled(vectors[:, : self.dimensions])
