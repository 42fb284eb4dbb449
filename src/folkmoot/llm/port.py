"""What every chat model, embedder and reranker looks like from the outside.

A model is asked with a `ChatRequest` and answers with batches of chunks: one batch per read from
the network, so that whoever consumes it pays once per read and not once per token. Neighbouring
text of one read is already joined.
"""

from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import msgspec
from pydantic import JsonValue

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "other"]
EmbeddingKind = Literal["query", "document"]
Vectors: TypeAlias = "npt.NDArray[np.float32]"
"""One row per text, in the order of the texts."""


class TextPart(msgspec.Struct, frozen=True, tag="text"):
    text: str


class ImagePart(msgspec.Struct, frozen=True, tag="image", kw_only=True):
    """A picture: its bytes, or the address of it. Exactly one of the two is set."""

    media_type: str
    data: bytes | None = None
    url: str | None = None


class FilePart(msgspec.Struct, frozen=True, tag="file", kw_only=True):
    """A document as it is, for models that read such files themselves."""

    media_type: str
    name: str
    data: bytes


Part = TextPart | ImagePart | FilePart
"""What a message is made of, where it is more than text."""


class ToolCall(msgspec.Struct, frozen=True):
    """A call that a model asked for.

    `arguments` is JSON text exactly as the model wrote it: it may be broken. `signature` is the
    provider's own mark; some refuse a history in which it is missing (Gemini 3).
    """

    id: str
    name: str
    arguments: str
    signature: str | None = None


class ChatMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """One turn. `tool_calls` belong to an assistant, `tool_call_id` to the answer of a tool."""

    role: Role
    content: str | Sequence[Part] = ""
    tool_calls: Sequence[ToolCall] = ()
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        """The text of the message without its pictures and files."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if isinstance(part, TextPart))


class ToolSpec(msgspec.Struct, frozen=True):
    """A tool as the model sees it; `parameters` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: dict[str, JsonValue]


class NamedTool(msgspec.Struct, frozen=True):
    """A tool choice: the model has to call this tool."""

    name: str


ToolChoice = Literal["auto", "none", "required"] | NamedTool


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a model is told for one answer. What is None is left to the provider.

    With a `response_schema` (JSON schema of an object) the answer's text is JSON that follows it,
    as far as the model can be held to one; not all can, and some not while they may call tools.
    """

    messages: Sequence[ChatMessage]
    tools: Sequence[ToolSpec] = ()
    tool_choice: ToolChoice = "auto"
    temperature: float | None = None
    max_tokens: int | None = None
    response_schema: dict[str, JsonValue] | None = None
    stop: Sequence[str] = ()


class TextDelta(msgspec.Struct, frozen=True, gc=False):
    text: str


class ReasoningDelta(msgspec.Struct, frozen=True, gc=False):
    text: str


class ToolCallStarted(msgspec.Struct, frozen=True, gc=False):
    """A tool call opens. `index` tells parallel calls of one answer apart; they may interleave."""

    index: int
    id: str
    name: str
    signature: str | None = None


class ToolCallDelta(msgspec.Struct, frozen=True, gc=False):
    """A further piece of a call's JSON text."""

    index: int
    arguments: str


class Usage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Tokens of the whole call, sent once.

    `cached_tokens` are part of the input: those that the provider had read before. So are
    `written_tokens`: those that it keeps for the next call, which some charge for.
    `reasoning_tokens` are part of the output. `estimated` says that the provider told nothing and
    the figures are our guess.
    """

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    written_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False


class FellBack(msgspec.Struct, frozen=True, gc=False):
    """Another model answers: the one that was asked is not available, and `code` says why.

    It comes before everything else.
    """

    model: str
    by: str
    code: str


class Reused(msgspec.Struct, frozen=True, gc=False):
    """No model answers: the answer was there already. It comes before everything else.

    `by` says how it was found, `at` when it was given first, and `likeness` how much the question
    it was an answer to is like this one.
    """

    by: str
    at: str | None = None
    likeness: float = 1.0


class Finished(msgspec.Struct, frozen=True, gc=False):
    """The last chunk of a whole answer. A stream that ends without it raised an error."""

    reason: FinishReason


Chunk = (
    TextDelta
    | ReasoningDelta
    | ToolCallStarted
    | ToolCallDelta
    | Usage
    | FellBack
    | Reused
    | Finished
)


class ChatModel(Protocol):
    """A chat model, named `provider:name`."""

    @property
    def name(self) -> str: ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[Sequence[Chunk], None]:
        """Ask the model; the last two chunks of a whole answer are `Usage` and `Finished`.

        One that breaks off after it has begun ends with `Usage` and the error. Who leaves before
        either is told no `Usage` and has to estimate it.

        Close it early (`contextlib.aclosing`) and the provider is told to stop.

        Raises:
            ModelError: the provider failed. What was yielded before stays true; nothing was
                retried once something had been yielded.
        """
        ...


class Embedder(Protocol):
    """Turns texts into vectors of length one, so that the inner product is the cosine."""

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int | None:
        """The length of a vector, or None until the first answer told it."""
        ...

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        """Embed any number of texts.

        Raises:
            ModelError: the provider failed; there is no partial answer.
        """
        ...


class Reranker(Protocol):
    """Says how well passages answer a question."""

    @property
    def name(self) -> str: ...

    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float | None]:
        """Return a score for each text, in their order; None for one that was not judged.

        Scores compare within one call only; they are finite, and at least one is there if any text
        was given.

        Raises:
            ModelError: the provider failed; there is no partial answer.
        """
        ...
