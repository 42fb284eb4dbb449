"""The provider's side of the wire formats, as far as the fake needs them."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from folkmoot.testing.replies import Heard, Reply, Tokens, Use

Schema = dict[str, Any]
"""JSON as it was decoded."""


class Format(Protocol):
    """One wire format. The methods return bytes as they go over the wire."""

    content_type: str

    def hear(self, body: bytes, model: str, /) -> Heard:
        """Read a request; `model` is the one in the path, where the format has it there.

        Raises:
            msgspec.DecodeError: the request does not fit the format.
        """
        ...

    def writer(self, heard: Heard, /) -> "Writer":
        """Return what writes one answer."""
        ...

    def whole(self, heard: Heard, reply: Reply, tokens: Tokens, /) -> bytes | None:
        """Return the answer in one piece, None if the fake can only stream it."""
        ...

    def refusal(self, status: int, message: str, /) -> bytes:
        """Return the body of an error."""
        ...

    def texts(self, body: bytes, /) -> Sequence[str]:
        """Read a request for embeddings."""
        ...

    def vectors(self, vectors: Sequence[Sequence[float]], model: str, /) -> bytes:
        """Return the answer to a request for embeddings."""
        ...

    def models(self, names: Sequence[str], /) -> bytes:
        """Return the list of models."""
        ...


class Writer(Protocol):
    """Writes one streamed answer."""

    def opening(self, tokens: Tokens, /) -> bytes: ...

    def reasoning(self, token: str, /) -> bytes: ...

    def text(self, token: str, /) -> bytes: ...

    def use(self, index: int, use: Use, /) -> Iterable[bytes]: ...

    def closing(self, reply: Reply, tokens: Tokens | None, /) -> bytes: ...

    def error(self, message: str, /) -> bytes:
        """Return the event by which a provider breaks off."""
        ...


def finish(reply: Reply, *, called: str, stopped: str) -> str:
    """Return the reason to finish with: the one the reply demands, or the one that fits."""
    return reply.finish or (called if reply.uses else stopped)
