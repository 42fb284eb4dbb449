"""A chat model behind a provider's HTTP interface."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack

import msgspec

from folkmoot.llm.billing import estimate, metering
from folkmoot.llm.config import Retries
from folkmoot.llm.connection.deadline import Deadline
from folkmoot.llm.connection.transport import Body, Call, Transport
from folkmoot.llm.errors import (
    ModelAnswerMalformed,
    ModelError,
    ModelRejected,
    ModelStreamCut,
    ModelUnavailable,
    clean,
)
from folkmoot.llm.port import ChatRequest, Chunk, Finished, Usage
from folkmoot.llm.providers.batch import Batch
from folkmoot.llm.providers.framing import LineTooLong
from folkmoot.llm.providers.wire import ChatWire, Decoder, Relenting, StreamFailed
from folkmoot.llm.resilience.retry import until_answered


class HttpChatModel:
    """Speaks one wire format with one model. Holds nothing of a request; streams at any rate."""

    def __init__(
        self, name: str, model: str, wire: ChatWire, transport: Transport, retries: Retries
    ) -> None:
        self.name = name
        self._model = model
        self._wire = wire
        self._transport = transport
        self._retries = retries

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Sequence[Chunk], None]:
        """Ask the model; see `port.ChatModel`."""
        answer, batch = await self._answered(request)
        try:
            while batch:
                yield batch
                batch = await answer.read()
        except ModelError:
            yield [answer.cost()]
            raise
        finally:
            answer.close()

    async def _answered(self, request: ChatRequest) -> tuple["_Answer", list[Chunk]]:
        """Return an answer together with its first batch."""
        deadline, wire = Deadline(self._transport.timeouts.total), self._wire

        async def asked() -> tuple["_Answer", list[Chunk]]:
            call = wire.call(self._model, request)
            return await until_answered(
                lambda: self._begin(call, request, deadline), self._retries, deadline
            )

        try:
            return await asked()
        except ModelRejected as refused:
            if not (isinstance(wire, Relenting) and wire.relents(refused)):
                raise
        return await asked()

    async def _begin(
        self, call: Call, request: ChatRequest, deadline: Deadline
    ) -> tuple["_Answer", list[Chunk]]:
        """Return an answer together with its first batch: up to there a failure may be retried."""
        with metering.beginning(lambda: estimate.usage(request, 0)) as noted:
            body = await self._transport.open(call, deadline)
            with ExitStack() as unless_begun:
                unless_begun.callback(body.close)
                body.refuse_page()
                answer = _Answer(call, request, body, self._wire)
                try:
                    batch = await answer.read()
                finally:
                    noted.told = answer.told
                unless_begun.pop_all()
        body.begin()
        return answer, batch


class _Answer:
    """Turns the body of one answer into batches of chunks."""

    def __init__(self, call: Call, request: ChatRequest, body: Body, wire: ChatWire) -> None:
        self._call = call
        self._model = call.model
        self._request = request
        self._body = body
        self._framing = wire.framing()
        self._decoder: Decoder = wire.decoder()
        self._batch = Batch()
        self._failure: ModelError | None = None
        self._begun = False
        self._ended = False

    async def read(self) -> list[Chunk]:
        """Return the next chunks, [] after the last.

        Raises:
            ModelError: after everything that came before the failure was returned.
        """
        while not self._ended and self._failure is None:
            try:
                data = await self._body.read()
            except ModelError:
                # What breaks after the model said why it stopped takes nothing away.
                if self._decoder.reason is None:
                    raise
                data = b""
            chunks = self._decode(data)
            if chunks:
                return chunks
        if self._failure is not None:
            raise self._failure
        return []

    @property
    def told(self) -> Usage | None:
        """What the provider told about tokens so far."""
        return self._decoder.usage

    def cost(self) -> Usage:
        """Return what the answer cost up to where it broke off."""
        return estimate.cut(self._request, self._batch.characters, self._decoder.usage)

    def close(self) -> None:
        self._body.close(whole=self._ended)

    def _decode(self, data: bytes) -> list[Chunk]:
        failed: str | None = None
        try:
            for document in self._framing.feed(data) if data else self._framing.close():
                self._decoder.feed(document, self._batch)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._failure = self._unreadable(data)
        except LineTooLong:
            self._failure = ModelAnswerMalformed(self._model, "a line of it is endless")
        except StreamFailed as failure:
            failed = failure.message
        chunks = self._batch.take()
        if chunks:
            self._begun = True
        if failed is not None:
            self._failure = self._failed(failed)
        if self._failure is None and (self._decoder.closed or not data):
            self._end(chunks)
        return chunks

    def _failed(self, message: str) -> ModelError:
        message = self._call.without_key(message)
        if self._begun:
            return ModelStreamCut(self._model, message)
        return ModelUnavailable(self._model, f"failed: {clean(message)}")

    def _unreadable(self, data: bytes) -> ModelError:
        if not data:  # the last line ends in the middle
            return ModelStreamCut(self._model)
        return ModelAnswerMalformed(self._model, "it breaks the wire format")

    def _end(self, chunks: list[Chunk]) -> None:
        decoder = self._decoder
        if decoder.reason is None:
            self._failure = (
                ModelStreamCut(self._model, "it ended early")
                if self._begun
                else ModelAnswerMalformed(self._model, "it is empty")
            )
            return
        told = decoder.usage or estimate.usage(self._request, self._batch.characters)
        chunks += (told, Finished(decoder.reason))
        self._ended = True
