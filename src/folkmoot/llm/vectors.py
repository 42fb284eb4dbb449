"""Arrays of vectors: from what a provider calls an embedding to rows of length one."""

from collections.abc import Sequence
from typing import Any

from folkmoot.llm import loading
from folkmoot.llm.errors import ModelAnswerMalformed
from folkmoot.llm.port import Vectors


def rows(values: Sequence[Any]) -> Vectors:
    """Return sequences of numbers as an array.

    Raises:
        ValueError: the rows differ in length.
    """
    np = loading.numpy()
    array: Vectors = np.array(values, dtype=np.float32)
    return array


def unpacked(data: bytes) -> Vectors:
    """Return little-endian float32 numbers, all in one row."""
    array: Vectors = loading.numpy().frombuffer(data, dtype="<f4")
    return array


def halves(vectors: Vectors) -> bytes:
    """Return the rows with numbers of two bytes, as exactly as they are kept."""
    data: bytes = vectors.astype("<f2").tobytes()
    return data


def whole(packed: bytes, dimensions: int) -> Vectors:
    """Return the rows that `halves` has made bytes of."""
    np = loading.numpy()
    array: Vectors = np.frombuffer(packed, dtype="<f2").astype(np.float32).reshape(-1, dimensions)
    return array


def half(packed: bytes) -> Vectors:
    """Return the row that PostgreSQL has sent as a `halfvec`: behind four bytes, big-endian."""
    np = loading.numpy()
    array: Vectors = np.frombuffer(packed, dtype=">f2", offset=4).astype(np.float32)
    return array


def stacked(single: Sequence[Vectors], dimensions: int | None = None) -> Vectors:
    """Return rows as one array; of no rows, one without any, of so many dimensions."""
    np = loading.numpy()
    array: Vectors = np.stack(single) if single else joined([], dimensions)
    return array


def joined(parts: Sequence[Vectors], dimensions: int | None = None) -> Vectors:
    """Return the rows of all parts; of no parts, none of so many dimensions."""
    np = loading.numpy()
    array: Vectors = (
        np.concatenate(parts) if parts else np.empty((0, dimensions or 0), dtype=np.float32)
    )
    return array


def unit(model: str, vectors: Vectors, expected: int) -> Vectors:
    """Return the vectors scaled to length one; a vector of zeros stays as it is.

    Raises:
        ModelAnswerMalformed: there are more or fewer than expected, or they hold no numbers.
    """
    np = loading.numpy()
    if vectors.ndim != 2 or len(vectors) != expected or not vectors.shape[1]:  # noqa: PLR2004 - rows and columns
        raise ModelAnswerMalformed(model, "it has not one vector for each text")
    if not np.isfinite(vectors).all():
        raise ModelAnswerMalformed(model, "its vectors are not finite")
    return scaled(vectors)


def scaled(vectors: Vectors) -> Vectors:
    """Return the vectors scaled to length one; a vector of zeros stays as it is."""
    np = loading.numpy()
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    array: Vectors = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return array
