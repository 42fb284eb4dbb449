"""A reranker behind a provider's HTTP interface."""

import math
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from folkmoot.llm import config
from folkmoot.llm.billing import estimate, metering
from folkmoot.llm.config import ModelsConfig, ProviderKind, Retries
from folkmoot.llm.connection.deadline import Deadline
from folkmoot.llm.connection.transport import Call, Transport
from folkmoot.llm.errors import ModelAnswerMalformed, ModelKeyMissing, ModelUnknown
from folkmoot.llm.names import known, parsed, provider
from folkmoot.llm.providers.rerank import DIALECTS, Reranking
from folkmoot.llm.providers.wire import RerankWire
from folkmoot.llm.resilience.retry import until_answered

LONGEST: Final = 8_000  # characters of a text or a question; the models read less


class HttpReranker:
    """Sends the texts in batches, one after the other."""

    def __init__(
        self, name: str, model: str, wire: RerankWire, transport: Transport, retries: Retries
    ) -> None:
        self.name = name
        self._model = model
        self._wire = wire
        self._transport = transport
        self._retries = retries

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float | None]:
        """Judge the texts; see `port.Reranker`."""
        size = self._wire.batch
        scores: list[float | None] = []
        for start in range(0, len(texts), size):
            batch = [text[:LONGEST] for text in texts[start : start + size]]
            scores += await self._rerank(query[:LONGEST], batch)
        return scores

    async def _rerank(self, query: str, texts: Sequence[str]) -> list[float | None]:
        call = self._wire.call(self._model, query, texts)
        deadline = Deadline(self._transport.timeouts.embed)

        async def attempt() -> list[float | None]:
            with metering.call(lambda: estimate.pairs(query, texts)):
                return self._read(call, await self._transport.fetch(call, deadline), len(texts))

        return await until_answered(attempt, self._retries, deadline)

    def _read(self, call: Call, body: bytes, expected: int) -> list[float | None]:
        try:
            said = self._wire.read(body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            raise ModelAnswerMalformed(call.model, "it breaks the wire format") from None
        return judged(call.model, said, expected)


def judged(
    model: str, said: Iterable[tuple[int, float | None]], expected: int
) -> list[float | None]:
    """Return what was said of each text first; what makes no sense was not said.

    Raises:
        ModelAnswerMalformed: nothing is left of it.
    """
    scores: list[float | None] = [None] * expected
    for index, score in said:
        sound = score is not None and math.isfinite(score)
        if sound and 0 <= index < expected and scores[index] is None:
            scores[index] = score
    if expected and all(score is None for score in scores):
        raise ModelAnswerMalformed(model, "it judges none of the texts")
    return scores


def over_http(wanted: str, config_: ModelsConfig, transport: Transport) -> HttpReranker:
    """Return the reranker of a provider that has some.

    Raises:
        ModelUnknown: it has none, or there is no such provider.
        ModelKeyMissing: it is not configured.
    """
    name = parsed(wanted, config_)
    configured = provider(config_, name)
    dialect = DIALECTS.get(configured.kind)
    if dialect is None:
        raise ModelUnknown(wanted, known(config_))
    endpoint = dialect.endpoint(name.provider, configured)
    if configured.kind is ProviderKind.OPENAI and endpoint.base_url in {"", config.OPENAI}:
        raise ModelUnknown(wanted, known(config_))
    if configured.base_url is None and not configured.api_key:
        raise ModelKeyMissing(name.provider, known(config_))
    wire = Reranking(dialect, endpoint)
    return HttpReranker(wanted, name.model, wire, transport, config_.retries)
