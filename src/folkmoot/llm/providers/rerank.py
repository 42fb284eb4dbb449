"""Putting texts in order by a score for each: Cohere's, Jina's, Voyage's, vLLM's and TEI's formats.

Sources: https://docs.cohere.com/reference/rerank, https://jina.ai/reranker,
https://docs.voyageai.com/reference/reranker-api, vLLM's and Text Embeddings Inference's own
descriptions of their interfaces. Their answers differ so little that one reader does for all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
from pydantic import JsonValue

from folkmoot.llm import config
from folkmoot.llm.billing import metering
from folkmoot.llm.config import ProviderConfig, ProviderKind
from folkmoot.llm.connection.transport import Call
from folkmoot.llm.providers import openai
from folkmoot.llm.providers.endpoint import Endpoint
from folkmoot.llm.providers.parts import Json

MOST: Final = 100
"""Texts in one call: what Cohere counts as one search."""
MOST_OF_TEI: Final = 32
"""What TEI takes, unless its operator says otherwise."""
WHOLE: Final = -1
"""vLLM's word for cutting what is longer than the model reads."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What tells one format from the others.

    Attributes:
        address: Where its inventor serves it; without one it has to be said.
        path: What follows the address.
        count: The field that says how many texts are to be judged: else some judge only ten.
        more: Fields that are always sent: long texts are cut, and not sent back.
    """

    address: str | None = None
    path: str = "/rerank"
    texts: str = "documents"
    count: str | None = "top_n"
    more: Mapping[str, JsonValue] | None = None
    batch: int = MOST

    def endpoint(self, name: str, provider: ProviderConfig) -> Endpoint:
        """Return the endpoint of a provider that is configured under that name."""
        address = (provider.base_url or self.address or "").strip().rstrip("/")
        end = "/rerank"
        address = address.removesuffix(end).removesuffix(self.path.removesuffix(end))
        key = provider.api_key.strip() if provider.api_key else None
        return Endpoint(name, address, openai.headers(key))


JINA: Final = Dialect(config.JINA, more={"return_documents": False})
DIALECTS: Final[Mapping[ProviderKind, Dialect]] = {
    ProviderKind.COHERE: Dialect(config.COHERE, path="/v2/rerank"),
    ProviderKind.JINA: JINA,
    ProviderKind.VOYAGE: Dialect(
        config.VOYAGE, count="top_k", more={"return_documents": False, "truncation": True}
    ),
    ProviderKind.VLLM: Dialect(more={"truncate_prompt_tokens": WHOLE}),
    ProviderKind.TEI: Dialect(
        texts="texts", count=None, more={"truncate": True}, batch=MOST_OF_TEI
    ),
    ProviderKind.OPENAI: replace(JINA, address=None),  # OpenAI itself has none
}
"""How each kind of provider that can is asked."""
ONLY_RERANK: Final = frozenset(DIALECTS) - {ProviderKind.OPENAI}
"""Kinds of providers that can do nothing else."""


class _Said(msgspec.Struct, frozen=True):
    index: int
    relevance_score: float | None = None
    score: float | None = None

    @property
    def told(self) -> tuple[int, float | None]:
        return self.index, self.score if self.relevance_score is None else self.relevance_score


class _Tokens(msgspec.Struct, frozen=True):
    """Cohere's are doubles."""

    total_tokens: int | float | None = None
    input_tokens: int | float | None = None
    prompt_tokens: int | float | None = None

    @property
    def told(self) -> int | None:
        said = self.total_tokens or self.input_tokens or self.prompt_tokens
        return None if said is None or said < 0 else int(said)


class _Meta(msgspec.Struct, frozen=True):
    tokens: _Tokens | None = None


class _Answer(msgspec.Struct, frozen=True):
    results: list[_Said] | None = None
    data: list[_Said] | None = None
    usage: _Tokens | None = None
    meta: _Meta | None = None

    @property
    def tokens(self) -> int | None:
        counted = self.usage or (self.meta and self.meta.tokens)
        return counted.told if counted else None


_decode: Final[Callable[[bytes], _Answer | list[_Said]]] = msgspec.json.Decoder(
    _Answer | list[_Said]
).decode


class Reranking:
    """One provider's format."""

    def __init__(self, dialect: Dialect, endpoint: Endpoint) -> None:
        self.batch = dialect.batch
        self._dialect = dialect
        self._endpoint = endpoint

    def call(self, model: str, query: str, texts: Sequence[str], /) -> Call:
        """Translate the request."""
        dialect = self._dialect
        # An empty text is refused by some; a space stands for nothing just as well.
        body: Json = {
            "model": model,
            "query": query,
            dialect.texts: [text or " " for text in texts],
            **(dialect.more or {}),
        }
        if dialect.count is not None:
            body[dialect.count] = len(texts)
        return self._endpoint.post(model, dialect.path, body)

    def read(self, body: bytes) -> list[tuple[int, float | None]]:
        """Read what is said of which text; in a list of its own, or among other things."""
        answer = _decode(body)
        if isinstance(answer, list):
            return [each.told for each in answer]
        metering.tell(answer.tokens)
        return [each.told for each in answer.results or answer.data or ()]
