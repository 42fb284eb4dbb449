"""The embedding process: `python -m folkmoot.llm.local.child MODEL CACHE_DIR [--fetch]`.

Reads `Ask` frames from stdin and answers each with a `Told` frame until stdin ends, which it also
does when the server dies. MODEL is a name that fastembed knows, or a directory.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from fastembed import TextEmbedding
from fastembed.common.model_description import ModelSource, PoolingType

from folkmoot.llm.local import serving
from folkmoot.llm.local.frames import Ask
from folkmoot.llm.port import Vectors

BATCH: Final = 8
"""Texts at once; with 8, and without the arena, memory stays near the model's own size."""
WEIGHTS: Final = ("model.onnx", "onnx/model.onnx", "model_optimized.onnx")
POOLINGS: Final = {
    "pooling_mode_cls_token": PoolingType.CLS,
    "pooling_mode_lasttoken": PoolingType.LAST_TOKEN,
}

_modes: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict)


def main(arguments: Sequence[str] | None = None) -> None:
    serving.main(ready, arguments)


def ready(model: str, cache_dir: str, *, fetch: bool) -> Callable[[Ask], Vectors]:
    """Return what embeds."""
    return partial(vectors, load(model, cache_dir, fetch=fetch))


def load(model: str, cache_dir: str, *, fetch: bool) -> TextEmbedding:
    """Load the model on the CPU; one in a directory is pooled as its own files say."""
    directory = Path(model)
    if directory.is_dir():
        weights = next((each for each in WEIGHTS if (directory / each).is_file()), WEIGHTS[0])
        TextEmbedding.add_custom_model(
            model=model,
            pooling=pooling(directory),
            normalization=True,
            sources=ModelSource(url="file://"),
            dim=0,  # only told to others; the first frame says what is true
            model_file=weights,
        )
    return TextEmbedding(
        model,
        cache_dir=cache_dir,
        providers=["CPUExecutionProvider"],
        local_files_only=not fetch,
        specific_model_path=model if directory.is_dir() else None,
        enable_cpu_mem_arena=False,
    )


def pooling(directory: Path) -> PoolingType:
    """Return how sentence-transformers would pool this model; its default is the mean."""
    described = directory / "1_Pooling" / "config.json"
    modes = _modes.decode(described.read_bytes()) if described.is_file() else {}
    return next((kind for mode, kind in POOLINGS.items() if modes.get(mode)), PoolingType.MEAN)


def vectors(model: TextEmbedding, ask: Ask) -> Vectors:
    """Embed the texts, those of like length together so that little is padded."""
    order = sorted(range(len(ask.texts)), key=lambda place: len(ask.texts[place]))
    texts = [ask.texts[place] for place in order]
    embed = model.query_embed if ask.kind == "query" else model.passage_embed
    embedded = np.array(list(embed(texts, batch_size=BATCH)), dtype=np.float32)
    result = np.empty_like(embedded)
    result[order] = embedded
    return result


if __name__ == "__main__":
    main()
