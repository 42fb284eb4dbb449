"""What goes through the pipes to the process of a local model: a length, then MessagePack."""

from typing import Final, Literal

import msgspec

from folkmoot.llm.port import EmbeddingKind

LENGTH: Final = 4  # bytes, big-endian
LIMIT: Final = 256 * 1024 * 1024  # bytes


class Ask(msgspec.Struct, frozen=True):
    """Texts to embed; with the kind `rerank`, a question and the texts to judge by it."""

    texts: list[str]
    kind: EmbeddingKind | Literal["rerank"]


class Told(msgspec.Struct, frozen=True):
    """Vectors as little-endian float32, row by row, or what went wrong; a score is one number.

    The first frame of a process has no vectors: it says that the model is loaded.
    """

    dimensions: int = 0
    vectors: bytes = b""
    error: str | None = None


def packed(frame: Ask | Told) -> bytes:
    """Return the frame with its length in front."""
    body = msgspec.msgpack.encode(frame)
    return len(body).to_bytes(LENGTH) + body
