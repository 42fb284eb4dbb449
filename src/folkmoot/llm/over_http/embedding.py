"""An embedder behind a provider's HTTP interface."""

from collections.abc import Sequence

import msgspec

from folkmoot.llm.billing import estimate, metering
from folkmoot.llm.config import Retries
from folkmoot.llm.connection.deadline import Deadline
from folkmoot.llm.connection.transport import Call, Transport
from folkmoot.llm.errors import ModelAnswerMalformed
from folkmoot.llm.port import EmbeddingKind, Vectors
from folkmoot.llm.providers.wire import EmbeddingWire
from folkmoot.llm.resilience.retry import until_answered
from folkmoot.llm.vectors import joined, unit


class HttpEmbedder:
    """Sends the texts in batches, one after the other."""

    def __init__(
        self, name: str, model: str, wire: EmbeddingWire, transport: Transport, retries: Retries
    ) -> None:
        self.name = name
        self.dimensions: int | None = None
        self._model = model
        self._wire = wire
        self._transport = transport
        self._retries = retries

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        """Embed the texts; see `port.Embedder`."""
        size = self._wire.batch
        batches = [
            await self._embed(texts[start : start + size], kind)
            for start in range(0, len(texts), size)
        ]
        if not batches:
            return joined([], self.dimensions)
        if len({batch.shape[1] for batch in batches}) > 1:
            raise ModelAnswerMalformed(self.name, "its vectors differ in length")
        self.dimensions = int(batches[0].shape[1])
        return joined(batches)

    async def _embed(self, texts: Sequence[str], kind: EmbeddingKind) -> Vectors:
        call = self._wire.call(self._model, texts, kind)
        deadline = Deadline(self._transport.timeouts.embed)

        async def attempt() -> Vectors:
            with metering.call(lambda: estimate.texts(texts)):
                return self._read(call, await self._transport.fetch(call, deadline), len(texts))

        return await until_answered(attempt, self._retries, deadline)

    def _read(self, call: Call, body: bytes, expected: int) -> Vectors:
        try:
            vectors = self._wire.read(body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            raise ModelAnswerMalformed(call.model, "it breaks the wire format") from None
        return unit(call.model, vectors, expected)
