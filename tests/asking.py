"""Asking models in tests: what came, and how it ended."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from folkmoot.llm.errors import ModelError
from folkmoot.llm.port import (
    ChatMessage,
    ChatModel,
    ChatRequest,
    Chunk,
    Finished,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallStarted,
    ToolSpec,
    Usage,
)

CLOCK = ToolSpec(
    "clock",
    "Tells the time.",
    {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
)


@dataclass(slots=True)
class Outcome:
    """Everything one stream yielded, and the error it ended with."""

    batches: list[Sequence[Chunk]] = field(default_factory=list[Sequence[Chunk]])
    error: ModelError | None = None

    @property
    def chunks(self) -> list[Chunk]:
        return [chunk for batch in self.batches for chunk in batch]

    @property
    def text(self) -> str:
        return "".join(chunk.text for chunk in self.chunks if isinstance(chunk, TextDelta))

    @property
    def reasoning(self) -> str:
        return "".join(chunk.text for chunk in self.chunks if isinstance(chunk, ReasoningDelta))

    @property
    def usage(self) -> Usage:
        (usage,) = [chunk for chunk in self.chunks if isinstance(chunk, Usage)]
        return usage

    @property
    def reason(self) -> str:
        (finished,) = [chunk for chunk in self.chunks if isinstance(chunk, Finished)]
        assert self.chunks[-1] is finished
        return finished.reason

    @property
    def calls(self) -> list[ToolCall]:
        """The tool calls as a consumer would put them together."""
        started = [chunk for chunk in self.chunks if isinstance(chunk, ToolCallStarted)]
        return [
            ToolCall(call.id, call.name, self._arguments(call.index), call.signature)
            for call in started
        ]

    def _arguments(self, index: int) -> str:
        deltas = [chunk for chunk in self.chunks if isinstance(chunk, ToolCallDelta)]
        return "".join(delta.arguments for delta in deltas if delta.index == index)


def asking(text: str, *, tools: Sequence[ToolSpec] = ()) -> ChatRequest:
    """A request with one user message."""
    return ChatRequest(messages=[ChatMessage("user", text)], tools=tools)


async def outcome(model: ChatModel, request: ChatRequest) -> Outcome:
    """Read a stream to its end."""
    result = Outcome()
    try:
        async with aclosing(model.stream(request)) as stream:
            async for batch in stream:
                result.batches.append(batch)
    except ModelError as error:
        result.error = error
    return result
