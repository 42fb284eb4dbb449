"""Models that are watched: each call is a span, is counted with its time, and is paid for."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import contextmanager

from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId
from folkmoot.kit.telemetry import metrics, tracing
from folkmoot.kit.telemetry.tracing import Span
from folkmoot.llm import loading
from folkmoot.llm.billing import estimate, metering, paying
from folkmoot.llm.port import (
    ChatModel,
    ChatRequest,
    Chunk,
    Embedder,
    EmbeddingKind,
    Finished,
    ReasoningDelta,
    Reranker,
    TextDelta,
    ToolCallDelta,
    Usage,
    Vectors,
)
from folkmoot.llm.resilience.lines import Line
from folkmoot.llm.resilience.outcomes import Outcomes


class ObservedChatModel:
    """A chat model whose calls show up in traces and metrics; costs nothing per token.

    Each takes its turn on the line to the provider, among those of all organisations.
    """

    def __init__(
        self, model: ChatModel, outcomes: Outcomes, line: Line, org_id: OrgId | None = None
    ) -> None:
        self.line = line
        self._model = model
        self._outcomes = outcomes
        self._org_id = org_id

    @property
    def name(self) -> str:
        return self._model.name

    def asked_by(self, org_id: OrgId) -> "ObservedChatModel":
        """Return the same model for the calls of an organisation."""
        return ObservedChatModel(self._model, self._outcomes, self.line, org_id)

    def demand(self) -> None:
        """Fail if a call would be refused at once; see `Line.demand`."""
        self.line.demand(self._org_id, self.name)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Sequence[Chunk], None]:
        """Ask the model; see `port.ChatModel`.

        Raises:
            AppError: Whoever pays does not want to.
        """
        asked = paying.Asked(self.name, "chat", lambda: estimate.most(request))
        begun, first, bill = clock.monotonic(), None, _Bill(request)
        answer = self._model.stream(request)
        with _span("chat", self.name) as span, self._outcomes.of(self.name):
            async with self.line.turn(self._org_id, self.name) as turn:
                ticket = await paying.admitted(asked)  # nothing is put aside for those who wait
                try:
                    batch = await bill.beginning(answer)
                    if batch is not None:
                        first = clock.monotonic() - begun
                        turn.answered()
                    while batch is not None:
                        bill.add(batch)
                        yield batch
                        batch = await anext(answer, None)
                except Exception as error:
                    bill.failed = not isinstance(error, metering.LEFT)
                    raise
                finally:
                    ticket.settle(bill.used())
                    self._report(bill, span)
                    await answer.aclose()
                    metrics.llm_call(self.name, clock.monotonic() - begun, first_token=first)

    def _report(self, bill: "_Bill", span: Span) -> None:
        if bill.told is not None:
            metrics.llm_tokens(self.name, "input", bill.told.input_tokens)
            metrics.llm_tokens(self.name, "output", bill.told.output_tokens)
            span.set({tracing.INPUT_TOKENS: bill.told.input_tokens})
            span.set({tracing.OUTPUT_TOKENS: bill.told.output_tokens})
        if bill.finished is not None:
            span.set({tracing.FINISH_REASONS: bill.finished.reason})


class _Bill:
    """What an answer costs, whichever way it ends."""

    def __init__(self, request: ChatRequest) -> None:
        self.told: Usage | None = None
        self.finished: Finished | None = None
        self.failed = False
        self._request = request
        self._begun = False
        self._characters = 0
        self._meter = metering.Meter()

    async def beginning(
        self, answer: AsyncGenerator[Sequence[Chunk], None]
    ) -> Sequence[Chunk] | None:
        """Return the first part of the answer; what was tried in vain before is on the bill."""
        with metering.counting() as self._meter:
            return await anext(answer, None)

    def add(self, batch: Sequence[Chunk]) -> None:
        """Look at a part of the answer."""
        self._begun = True
        for chunk in batch:
            match chunk:
                case TextDelta() | ReasoningDelta():
                    self._characters += len(chunk.text)
                case ToolCallDelta():
                    self._characters += len(chunk.arguments)
                case Usage():
                    self.told = chunk
                case Finished():
                    self.finished = chunk
                case _:
                    pass

    def used(self) -> Usage | None:
        """Return what was told, else an estimate, with what was tried in vain before.

        None for a call that only failed. Whether one that was left before anything came has been
        read by the provider, the meter knows; of models without one it is assumed.
        """
        answer = self.told
        if answer is None and (self._begun or not (self.failed or self._meter.calls)):
            answer = estimate.usage(self._request, self._characters)
        return metering.together(self._meter.used, answer)


class ObservedEmbedder:
    """An embedder whose calls show up in traces and metrics."""

    def __init__(
        self, embedder: Embedder, outcomes: Outcomes, line: Line, org_id: OrgId | None = None
    ) -> None:
        self._embedder = embedder
        self._outcomes = outcomes
        self._line = line
        self._org_id = org_id

    @property
    def name(self) -> str:
        return self._embedder.name

    @property
    def dimensions(self) -> int | None:
        return self._embedder.dimensions

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        """Embed the texts; see `port.Embedder`.

        Raises:
            AppError: Whoever pays does not want to.
        """
        asked = paying.Asked(self.name, "embeddings", lambda: estimate.texts(texts))
        with _span("embeddings", self.name) as span, self._outcomes.of(self.name):
            span.set({"folkmoot.texts": len(texts)})
            if not loading.has_numpy():  # importing it would keep everyone waiting
                await asyncio.to_thread(loading.numpy)
            async with self._line.turn(self._org_id, self.name):
                with _settled(await paying.admitted(asked), asked):
                    return await self._embedder.embed(texts, kind=kind)


class ObservedReranker:
    """A reranker whose calls show up in traces and metrics."""

    def __init__(
        self, reranker: Reranker, outcomes: Outcomes, line: Line, org_id: OrgId | None = None
    ) -> None:
        self._reranker = reranker
        self._outcomes = outcomes
        self._line = line
        self._org_id = org_id

    @property
    def name(self) -> str:
        return self._reranker.name

    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float | None]:
        """Judge the texts; see `port.Reranker`.

        Raises:
            AppError: Whoever pays does not want to.
        """
        asked = paying.Asked(self.name, "rerank", lambda: estimate.pairs(query, texts))
        with _span("rerank", self.name) as span, self._outcomes.of(self.name):
            span.set({"folkmoot.texts": len(texts)})
            async with self._line.turn(self._org_id, self.name):
                with _settled(await paying.admitted(asked), asked):
                    return await self._reranker.rerank(query, texts)


@contextmanager
def _settled(ticket: paying.Ticket, asked: paying.Asked) -> Generator[None]:
    """Settle what texts cost, and count the call with its time.

    Models that note no calls, as they make none, have read everything unless they fail.
    """
    begun, read = clock.monotonic(), False
    with metering.counting() as meter:
        try:
            yield
            read = True
        except metering.LEFT:
            read = True
            raise
        finally:
            guess = asked.most() if read and not meter.calls else None
            ticket.settle(meter.used or guess)
            metrics.llm_call(asked.model, clock.monotonic() - begun)


def _span(operation: str, name: str) -> tracing.OpenSpan:
    """Open a span as the conventions for generative models name it."""
    provider, _, model = name.partition(":")
    return tracing.span(
        f"{operation} {model}",
        {
            tracing.OPERATION: operation,
            tracing.PROVIDER: provider,
            tracing.REQUEST_MODEL: model,
        },
    )
