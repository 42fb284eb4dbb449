"""What a provider's adapter has to say: how to ask, and how to read what comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from folkmoot.llm.connection.transport import Call
from folkmoot.llm.errors import ModelRejected
from folkmoot.llm.port import ChatRequest, EmbeddingKind, FinishReason, Usage, Vectors
from folkmoot.llm.providers.batch import Batch
from folkmoot.llm.providers.framing import Framings


class StreamFailed(Exception):
    """The provider reported a failure inside of a stream that had begun well."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Decoder(Protocol):
    """Reads one stream. What it has not understood it raises as `msgspec.DecodeError`.

    Attributes:
        usage: What the provider said about tokens so far.
        reason: Why the model stopped, once that is known: the answer is whole then.
        closed: Whether the provider said that nothing more follows.
    """

    usage: Usage | None
    reason: FinishReason | None
    closed: bool

    def feed(self, document: bytes, batch: Batch) -> None:
        """Read one JSON document and add its chunks to the batch."""
        ...


class ChatWire(Protocol):
    """A provider's format for chat."""

    @property
    def framing(self) -> Framings: ...

    def call(self, model: str, request: ChatRequest) -> Call:
        """Translate the request for the provider's model of that name."""
        ...

    def decoder(self) -> Decoder:
        """Return a fresh reader for one stream."""
        ...


@runtime_checkable
class Relenting(Protocol):
    """A format in which something is asked for that not everybody is given."""

    def relents(self, refused: ModelRejected) -> bool:
        """Whether the same is to be asked again, for less from now on."""
        ...


class EmbeddingWire(Protocol):
    """A provider's format for embeddings; it takes up to `batch` texts at once."""

    @property
    def batch(self) -> int: ...

    def call(self, model: str, texts: Sequence[str], kind: EmbeddingKind, /) -> Call: ...

    def read(self, body: bytes) -> Vectors:
        """Return the vectors in the order of the texts, of whatever length they are."""
        ...


class RerankWire(Protocol):
    """A provider's format for putting texts in order; it takes up to `batch` texts at once."""

    @property
    def batch(self) -> int: ...

    def call(self, model: str, query: str, texts: Sequence[str], /) -> Call: ...

    def read(self, body: bytes) -> Sequence[tuple[int, float | None]]:
        """Return what is said of which text, as the provider says it."""
        ...


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as its provider lists it, and what it tells of it: abilities it has, or has not."""

    name: str
    told: Mapping[str, bool] = field(default_factory=dict[str, bool])


class ModelsWire(Protocol):
    """A provider's list of the models it has."""

    def call(self) -> Call: ...

    def read(self, body: bytes) -> list[Listed]: ...
