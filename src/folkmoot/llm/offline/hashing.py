"""An embedder without a model: feature hashing, deterministic and offline.

Words and their character n-grams are hashed into a vector of fixed length with a sign taken from
the hash, so that collisions cancel on average (Weinberger et al. 2009, "Feature Hashing for Large
Scale Multitask Learning", https://arxiv.org/abs/0902.2206). The n-grams let inflected and misspelt
words meet. It knows spelling, not meaning: synonyms stay strangers.
"""

import asyncio
import math
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from folkmoot.llm import loading
from folkmoot.llm.port import EmbeddingKind, Vectors
from folkmoot.llm.vectors import scaled

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

DIMENSIONS: Final = 384
GRAMS: Final = (3, 4, 5)
GRAM_SHARE: Final = 1.5
"""How much all n-grams of a word weigh together, against 1 for the word itself."""
LONG: Final = 8
"""Characters of a word that counts in full; shorter ones say less, being more frequent."""
REMEMBERED_WORDS: Final = 20_000
INLINE_CHARACTERS: Final = 4_000
"""Up to here the work (1 ms) is done in the event loop, more of it in a thread."""
WORD: Final = re.compile(r"\w+")


class HashEmbedder:
    name = "offline:hash"
    dimensions: int | None = DIMENSIONS

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        """Embed the texts; queries and documents alike."""
        del kind
        if sum(map(len, texts)) <= INLINE_CHARACTERS:
            return vectors(texts)
        return await asyncio.to_thread(vectors, texts)


def vectors(texts: Sequence[str]) -> Vectors:
    """Return one vector of length one per text; a text without words gets zeros."""
    numpy = loading.numpy()
    result: Vectors = numpy.zeros((len(texts), DIMENSIONS), dtype=numpy.float32)
    for row, text in enumerate(texts):
        for word, count in Counter(WORD.findall(plain(text))).items():
            places, weights = _features(word)
            numpy.add.at(result[row], places, weights * (1 + math.log(count)))
    return scaled(result)


def plain(text: str) -> str:
    """Return the text in lower case, compatibility forms and accents removed."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


@lru_cache(maxsize=REMEMBERED_WORDS)
def _features(word: str) -> "tuple[npt.NDArray[np.intp], Vectors]":
    """Return where a word and its n-grams go, and with which signed weights."""
    numpy = loading.numpy()
    framed = f"<{word}>"
    grams = {
        framed[start : start + size] for size in GRAMS for start in range(len(framed) - size + 1)
    }
    grams.discard(framed)
    share = GRAM_SHARE / math.sqrt(len(grams)) if grams else 0.0
    hashed = [(zlib.crc32(f"{framed} ".encode()), 1.0)]
    hashed += [(zlib.crc32(gram.encode()), share) for gram in sorted(grams)]
    places = numpy.array([value % DIMENSIONS for value, _ in hashed], dtype=numpy.intp)
    weights = [weight if value >> 31 else -weight for value, weight in hashed]
    share_of_long = min(len(word), LONG) / LONG
    return places, numpy.array(weights, dtype=numpy.float32) * numpy.float32(share_of_long)
