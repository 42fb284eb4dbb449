"""The embedding process: `python -m folkmoot.llm.local.child MODEL CACHE_DIR [--fetch]`.

Reads `Ask` frames from stdin and answers each with a `Told` frame until stdin ends, which it also
does when the server dies. MODEL is a name that fastembed knows, or a directory.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final

import msgspec
import numpy as np
from fastembed import TextEmbedding
from fastembed.common.model_description import ModelSource, PoolingType

from folkmoot.llm.local.frames import LENGTH, Ask, Told, packed
from folkmoot.llm.port import Vectors

BATCH: Final = 8
"""Texts at once; with 8, and without the arena, memory stays near the model's own size."""
NICENESS: Final = 5
"""Whoever waits for a web page goes first."""
WEIGHTS: Final = ("model.onnx", "onnx/model.onnx", "model_optimized.onnx")
POOLINGS: Final = {
    "pooling_mode_cls_token": PoolingType.CLS,
    "pooling_mode_lasttoken": PoolingType.LAST_TOKEN,
}

_modes: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("cache_dir")
    parser.add_argument("--fetch", action="store_true", help="may be fetched from the network")
    chosen = parser.parse_args(arguments)
    answers = _own_output()
    _confess_to(answers)
    os.nice(NICENESS)
    model = load(chosen.model, chosen.cache_dir, fetch=chosen.fetch)
    dimensions = vectors(model, Ask(["a"], "document")).shape[1]
    _write(answers, Told(dimensions=dimensions))
    serve(model, sys.stdin.buffer, answers)


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


def serve(model: TextEmbedding, asks: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the asking ends."""
    while len(head := asks.read(LENGTH)) == LENGTH:
        ask = msgspec.msgpack.decode(asks.read(int.from_bytes(head)), type=Ask)
        embedded = vectors(model, ask)
        _write(answers, Told(embedded.shape[1], embedded.astype("<f4").tobytes()))


def _own_output() -> BinaryIO:
    """Keep stdout for frames: whatever the libraries print goes to stderr."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _confess_to(answers: BinaryIO) -> None:
    """Make what ends this process its last frame; the server starts another one."""

    def confess(
        kind: type[BaseException], error: BaseException, _traceback: TracebackType | None
    ) -> None:
        _write(answers, Told(error=f"{kind.__name__}: {error}"))

    sys.excepthook = confess


def _write(answers: BinaryIO, told: Told) -> None:
    answers.write(packed(told))
    answers.flush()


if __name__ == "__main__":
    main()
