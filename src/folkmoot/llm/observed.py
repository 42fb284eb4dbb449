"""Models that are watched: each call is a span and is counted, with its time and its tokens."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Final

from folkmoot.kit import clock
from folkmoot.kit.telemetry import metrics, tracing
from folkmoot.kit.telemetry.tracing import Span
from folkmoot.llm import loading
from folkmoot.llm.outcomes import Outcomes
from folkmoot.llm.port import (
    ChatModel,
    ChatRequest,
    Chunk,
    Embedder,
    EmbeddingKind,
    Finished,
    Usage,
    Vectors,
)

LAST: Final = (Finished, Usage)


class ObservedChatModel:
    """A chat model whose calls show up in traces and metrics; costs nothing per token."""

    def __init__(self, model: ChatModel, outcomes: Outcomes) -> None:
        self._model = model
        self._outcomes = outcomes

    @property
    def name(self) -> str:
        return self._model.name

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Sequence[Chunk], None]:
        """Ask the model; see `port.ChatModel`."""
        begun, first = clock.monotonic(), None
        answer = self._model.stream(request)
        with _span("chat", self.name) as span, self._outcomes.of(self.name):
            try:
                async for batch in answer:
                    if first is None:
                        first = clock.monotonic() - begun
                    if isinstance(batch[-1], LAST):
                        self._report(batch, span)
                    yield batch
            finally:
                await answer.aclose()
                metrics.llm_call(self.name, clock.monotonic() - begun, first_token=first)

    def _report(self, batch: Sequence[Chunk], span: Span) -> None:
        for chunk in batch[-2:]:
            if isinstance(chunk, Usage):
                metrics.llm_tokens(self.name, "input", chunk.input_tokens)
                metrics.llm_tokens(self.name, "output", chunk.output_tokens)
                span.set({tracing.INPUT_TOKENS: chunk.input_tokens})
                span.set({tracing.OUTPUT_TOKENS: chunk.output_tokens})
            elif isinstance(chunk, Finished):
                span.set({tracing.FINISH_REASONS: chunk.reason})


class ObservedEmbedder:
    """An embedder whose calls show up in traces and metrics."""

    def __init__(self, embedder: Embedder, outcomes: Outcomes) -> None:
        self._embedder = embedder
        self._outcomes = outcomes

    @property
    def name(self) -> str:
        return self._embedder.name

    @property
    def dimensions(self) -> int | None:
        return self._embedder.dimensions

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        """Embed the texts; see `port.Embedder`."""
        begun = clock.monotonic()
        with _span("embeddings", self.name) as span, self._outcomes.of(self.name):
            span.set({"folkmoot.texts": len(texts)})
            try:
                if not loading.has_numpy():  # importing it would keep everyone waiting
                    await asyncio.to_thread(loading.numpy)
                return await self._embedder.embed(texts, kind=kind)
            finally:
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
