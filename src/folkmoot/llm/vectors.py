"""From what a provider calls an embedding to rows of length one."""

from collections.abc import Sequence

import numpy as np

from folkmoot.llm.errors import ModelAnswerMalformed
from folkmoot.llm.port import Vectors


def rows(values: Sequence[Sequence[float] | Vectors]) -> Vectors:
    """Return the numbers as an array.

    Raises:
        ValueError: the rows differ in length.
    """
    return np.array(values, dtype=np.float32)


def unit(model: str, vectors: Vectors, expected: int) -> Vectors:
    """Return the vectors scaled to length one; a vector of zeros stays as it is.

    Raises:
        ModelAnswerMalformed: there are more or fewer than expected, or they hold no numbers.
    """
    if vectors.ndim != 2 or len(vectors) != expected or not vectors.shape[1]:  # noqa: PLR2004
        raise ModelAnswerMalformed(model, "it has not one vector for each text")
    if not np.isfinite(vectors).all():
        raise ModelAnswerMalformed(model, "its vectors are not finite")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
