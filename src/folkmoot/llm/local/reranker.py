"""The local cross-encoders as the rest of the room sees them."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from folkmoot.llm.config import ModelsConfig
from folkmoot.llm.errors import ModelRejected, ModelUnavailable, clean
from folkmoot.llm.local.embedder import AT_ONCE, FETCHING, LOADING
from folkmoot.llm.local.frames import Ask, Told
from folkmoot.llm.local.process import ModelProcess, ProcessDied
from folkmoot.llm.names import LOCAL
from folkmoot.llm.over_http.reranking import LONGEST, judged
from folkmoot.llm.vectors import unpacked

CHILD: Final = "folkmoot.llm.local.scorer"


class LocalReranker:
    """Judges with `fastembed:NAME` or `fastembed:DIRECTORY` in a process of its own.

    Args:
        model: A cross-encoder that fastembed knows, or a directory with an ONNX model.
        cache_dir: Where models that are fetched are kept.
        fetch: Whether the model may come from the network.
        idle: Seconds without work after which the process ends.
        patience: Seconds for some texts.
    """

    def __init__(
        self, model: str, *, cache_dir: Path, fetch: bool, idle: float, patience: float
    ) -> None:
        self.name = f"{LOCAL}:{model}"
        self._patience = patience
        arguments = [model, str(cache_dir), *(["--fetch"] if fetch else [])]
        loading = FETCHING if fetch else LOADING
        self._process = ModelProcess(CHILD, arguments, loading=loading, idle=idle)

    @property
    def pid(self) -> int | None:
        """The id of the process, None while it rests."""
        return self._process.pid

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float | None]:
        """Judge the texts; see `port.Reranker`. Who leaves while it is loaded does not stop that.

        Texts go some at a time, so that one question does not keep all others waiting.
        """
        scores: list[float] = []
        for start in range(0, len(texts), AT_ONCE):
            some = [query, *texts[start : start + AT_ONCE]]
            told = await self._ask(Ask([text[:LONGEST] for text in some], "rerank"))
            scores += unpacked(told.vectors).tolist()
        return judged(self.name, enumerate(scores), len(texts))

    async def aclose(self) -> None:
        """End the process."""
        await self._process.aclose()

    async def _ask(self, ask: Ask) -> Told:
        try:
            async with asyncio.timeout(self._patience):
                return await self._process.ask(ask, patience=self._patience)
        except ProcessDied as error:
            raise ModelUnavailable(self.name, f"failed: {clean(str(error))}") from None
        except TimeoutError:
            raise ModelUnavailable(self.name, "is busy or still being loaded.", wait=10) from None


class LocalRerankers:
    """The cross-encoders that the operator lets people use; none is loaded before it is asked."""

    def __init__(self, config: ModelsConfig) -> None:
        self._config = config
        self._made: dict[str, LocalReranker] = {}

    def get(self, name: str) -> LocalReranker:
        """Return the reranker of that name.

        Raises:
            ModelRejected: it is none that the operator has named: names come from users, and each
                would be loaded, or fetched.
        """
        config = self._config
        if name not in config.local_rerankers:
            raise ModelRejected(name, "is not one of the local rerankers of this deployment")
        if name not in self._made:
            self._made[name] = LocalReranker(
                name.removeprefix(f"{LOCAL}:"),
                cache_dir=config.cache_dir or Path(),
                fetch=config.fetch_local_embedder and config.cache_dir is not None,
                idle=config.local_embedder_idle,
                patience=config.timeouts.embed,
            )
        return self._made[name]

    async def aclose(self) -> None:
        """End their processes."""
        await asyncio.gather(*(each.aclose() for each in self._made.values()))
