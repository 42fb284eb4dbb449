"""What memory needs from the rooms beside and above it; `main.py` hands it over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from folkmoot.kit.ids import RunId
from folkmoot.kit.subject import Subject
from folkmoot.llm.port import ChatModel, Embedder


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message of a conversation.

    Attributes:
        id: Its id.
        run_id: The turn that it belongs to.
        role: Who has said it.
        text: What was said.
        untrusted: Whether anybody may have a hand in it.
    """

    id: str
    run_id: RunId
    role: Literal["user", "assistant"]
    text: str
    untrusted: bool


class Talks(Protocol):
    """Knows what was said in conversations."""

    async def __call__(
        self, subject: Subject, conversation: str, run_ids: Sequence[RunId]
    ) -> Sequence[Said]:
        """Return what was said in some turns of a subject's conversation, in order.

        Nothing, if it is not there any more.
        """
        ...


class Embedders(Protocol):
    """The embedder in use."""

    @property
    def embedding(self) -> str:
        """Its name, the same for everybody."""
        ...

    async def embedder(self, subject: Subject) -> Embedder:
        """Return it as a subject may use it."""
        ...


class Models(Protocol):
    """The models of a deployment, as those who ask may use them."""

    async def chat(
        self, subject: Subject, name: str | None = None, fallbacks: Sequence[str] = ()
    ) -> ChatModel:
        """Return a model by its name `provider:name`."""
        ...
