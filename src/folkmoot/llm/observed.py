"""Models that are watched: each call is a span, is counted with its time, and is paid for."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId
from folkmoot.kit.telemetry import metrics, tracing
from folkmoot.kit.telemetry.tracing import Span
from folkmoot.llm import estimate, loading, paying
from folkmoot.llm.lines import Line
from folkmoot.llm.outcomes import Outcomes
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
                    async for batch in answer:
                        if first is None:
                            first = clock.monotonic() - begun
                            turn.answered()
                        bill.add(batch)
                        yield batch
                except Exception:
                    bill.failed = True
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
        self._characters = 0

    def add(self, batch: Sequence[Chunk]) -> None:
        """Look at a part of the answer."""
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
        """Return what was told, else an estimate; None for a call that only failed.

        What is left before anything came has been read by the provider, at least.
        """
        if self.told is None and (self._characters or not self.failed):
            return estimate.usage(self._request, self._characters)
        return self.told


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
                return await self._embed(texts, kind, await paying.admitted(asked))

    async def _embed(
        self, texts: Sequence[str], kind: EmbeddingKind, ticket: paying.Ticket
    ) -> Vectors:
        begun, whole = clock.monotonic(), False
        with paying.counting() as count:
            try:
                vectors = await self._embedder.embed(texts, kind=kind)
                whole = True
                return vectors
            finally:
                guess = estimate.texts(texts) if whole else None
                ticket.settle(count.told or guess)
                metrics.llm_call(self.name, clock.monotonic() - begun)


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
        used = estimate.pairs(query, texts)
        asked = paying.Asked(self.name, "rerank", lambda: used)
        with _span("rerank", self.name) as span, self._outcomes.of(self.name):
            span.set({"folkmoot.texts": len(texts)})
            async with self._line.turn(self._org_id, self.name):
                ticket, begun, guess = await paying.admitted(asked), clock.monotonic(), None
                with paying.counting() as count:
                    try:
                        scores = await self._reranker.rerank(query, texts)
                    except asyncio.CancelledError:
                        guess = used  # searches soon give up; the texts have been read by then
                        raise
                    else:
                        guess = used
                        return scores
                    finally:
                        ticket.settle(count.told or guess)
                        metrics.llm_call(self.name, clock.monotonic() - begun)


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
