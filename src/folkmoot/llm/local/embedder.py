"""The local embedder as the rest of the room sees it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from folkmoot.llm.errors import ModelUnavailable, clean
from folkmoot.llm.local.frames import Ask, Told
from folkmoot.llm.local.process import ModelProcess, ProcessDied
from folkmoot.llm.port import EmbeddingKind, Vectors
from folkmoot.llm.vectors import joined, unit, unpacked

CHILD: Final = "folkmoot.llm.local.child"
AT_ONCE: Final = 16
"""Texts in one question to the process: a search waits at most for so many of an ingestion."""
LOADING: Final = 60.0  # seconds
FETCHING: Final = 900.0  # seconds
LONGEST: Final = 100_000  # characters of a text; the model reads far less


class LocalEmbedder:
    """Embeds with `fastembed:NAME` or `fastembed:DIRECTORY` in a process of its own.

    Args:
        model: A name that fastembed knows, or a directory with an ONNX model and its tokenizer.
        cache_dir: Where models that are fetched are kept.
        fetch: Whether the model may come from the network.
        idle: Seconds without work after which the process ends.
        patience: Seconds for one question.
    """

    def __init__(
        self, model: str, *, cache_dir: Path, fetch: bool, idle: float, patience: float
    ) -> None:
        self.name = f"fastembed:{model}"
        self._patience = patience
        arguments = [model, str(cache_dir), *(["--fetch"] if fetch else [])]
        loading = FETCHING if fetch else LOADING
        self._process = ModelProcess(CHILD, arguments, loading=loading, idle=idle)

    @property
    def dimensions(self) -> int | None:
        """Known once the model was loaded."""
        return self._process.dimensions

    @property
    def pid(self) -> int | None:
        """The id of the process, None while it rests."""
        return self._process.pid

    async def load(self) -> None:
        """Load the model, fetching it if that is allowed.

        Raises:
            ModelUnavailable: it can not be had.
        """
        try:
            await self._process.load()
        except ProcessDied as error:
            raise ModelUnavailable(self.name, f"can not be loaded: {clean(str(error))}") from None
        except TimeoutError:
            raise ModelUnavailable(self.name, "could not be loaded in time.") from None

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        """Embed the texts; see `port.Embedder`."""
        batches = [
            await self._embed([text[:LONGEST] for text in texts[start : start + AT_ONCE]], kind)
            for start in range(0, len(texts), AT_ONCE)
        ]
        return joined(batches, self.dimensions)

    async def aclose(self) -> None:
        """End the process."""
        await self._process.aclose()

    async def _embed(self, texts: list[str], kind: EmbeddingKind) -> Vectors:
        try:
            async with asyncio.timeout(self._patience):
                told = await self._ask_twice(Ask(texts, kind))
        except ProcessDied as error:
            raise ModelUnavailable(self.name, f"failed: {clean(str(error))}") from None
        except TimeoutError:
            raise ModelUnavailable(self.name, "is busy or still being loaded.", wait=10) from None
        vectors = unpacked(told.vectors)
        return unit(self.name, vectors.reshape(-1, max(told.dimensions, 1)), len(texts))

    async def _ask_twice(self, ask: Ask) -> Told:
        """A process that was killed, perhaps for its memory, is worth a second try."""
        try:
            return await self._process.ask(ask, patience=self._patience)
        except ProcessDied:
            return await self._process.ask(ask, patience=self._patience)
