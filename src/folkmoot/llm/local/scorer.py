"""The reranking process: `python -m folkmoot.llm.local.scorer MODEL CACHE_DIR [--fetch]`.

It is asked with a question and texts, and answers with a score for each. MODEL is the name of a
cross-encoder that fastembed knows, or a directory.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from fastembed.common.model_description import ModelSource

from folkmoot.llm import loading
from folkmoot.llm.local import serving
from folkmoot.llm.local.child import WEIGHTS
from folkmoot.llm.local.frames import Ask
from folkmoot.llm.port import Vectors

BATCH: Final = 8
"""Pairs at once; as few as keep memory near the model's own size."""

CLASS: Final = "fastembed.rerank.cross_encoder:TextCrossEncoder"
"""By its name, as its package declares no types."""


class CrossEncoder(Protocol):
    """A model that judges texts."""

    def rerank(self, query: str, documents: Iterable[str], batch_size: int) -> Iterable[float]: ...


def main(arguments: Sequence[str] | None = None) -> None:
    serving.main(ready, arguments)


def ready(model: str, cache_dir: str, *, fetch: bool) -> Callable[[Ask], Vectors]:
    """Return what judges."""
    return partial(scores, load(model, cache_dir, fetch=fetch))


def load(model: str, cache_dir: str, *, fetch: bool) -> CrossEncoder:
    """Load the model on the CPU; it cuts what is longer than it reads."""
    directory, made = Path(model), loading.load(CLASS)
    if directory.is_dir():
        weights = next((each for each in WEIGHTS if (directory / each).is_file()), WEIGHTS[0])
        made.add_custom_model(model=model, sources=ModelSource(url="file://"), model_file=weights)
    encoder: CrossEncoder = made(
        model,
        cache_dir=cache_dir,
        providers=["CPUExecutionProvider"],
        local_files_only=not fetch,
        specific_model_path=model if directory.is_dir() else None,
        enable_cpu_mem_arena=False,
    )
    return encoder


def scores(model: CrossEncoder, ask: Ask) -> Vectors:
    """Judge the texts by the question, those of like length together so that little is padded."""
    query, *texts = ask.texts
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    judged = model.rerank(query, [texts[place] for place in order], BATCH)
    result = np.empty((len(texts), 1), dtype=np.float32)
    result[order, 0] = list(judged)
    return result


if __name__ == "__main__":
    main()
