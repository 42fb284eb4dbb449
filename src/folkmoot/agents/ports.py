"""What agents need from the rooms above and beside them; `main.py` hands it over."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from pydantic import JsonValue

from folkmoot.kit.ids import CollectionId, RunId
from folkmoot.kit.subject import Subject
from folkmoot.llm.port import ChatMessage, ChatModel, Part
from folkmoot.runs.live import LiveRun
from folkmoot.tools.sources import Passage
from folkmoot.tools.tool import Tool

__all__ = [
    "Attached",
    "History",
    "Memory",
    "Models",
    "MoreTools",
    "Opening",
    "Passage",
    "Remembered",
    "Retriever",
    "Steering",
]


ATTACHED: Final = "attachment:"
"""What stands before the id of an attachment where a message refers to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a turn starts from.

    Attributes:
        history: Earlier messages as far as the model shall see them, oldest first.
        question: The text that is to be answered.
        searchable: Whether the caller has documents that could be searched.
        untrusted: Whether the history holds what anybody may have written.
        attached: What came with the question; first as references, as in the history.
        again: Whether the question was answered before, and somebody wants another answer.
        state: What the conversation and its client both see, as the last turn has left it.
    """

    history: Sequence[ChatMessage]
    question: str
    searchable: bool = False
    untrusted: bool = False
    attached: Sequence[Part] = ()
    again: bool = False
    state: JsonValue = None

    @property
    def refers(self) -> bool:
        """Whether something of it has to be loaded before a model is shown it."""
        told = (each.content for each in self.history)
        return bool(self.attached) or not all(isinstance(each, str) for each in told)


class Attached(Protocol):
    """Loads what messages refer to."""

    async def __call__(
        self, subject: Subject, opening: Opening, room: int | None, *, files: bool
    ) -> Opening:
        """Return what a turn starts from with what its model is shown of that.

        `room` is about how many tokens it is shown in all; `files` whether it may read files that
        models can read themselves.
        """
        ...


class History(Protocol):
    """Reads again what a turn started from, for a run that another process began."""

    async def load(self, run: LiveRun) -> Opening:
        """Return the opening of a run; never what the run itself has said."""
        ...


class Retriever(Protocol):
    """Finds passages that fit a question, best first, among those that the subject may read."""

    async def __call__(
        self,
        subject: Subject,
        query: str,
        collection_ids: Sequence[CollectionId],
        k: int,
        mode: str,
        before: Sequence[str] = (),
    ) -> Sequence[Passage]:
        """Search the named collections, or all of them if none is named.

        `before` is what was said before, for questions that rest on it.
        `mode` is `hybrid`, `dense` (by meaning) or `lexical` (by words).
        """
        ...


class Models(Protocol):
    """The models of a deployment, as those who ask may use them."""

    async def chat(self, subject: Subject, name: str | None, fallbacks: Sequence[str]) -> ChatModel:
        """Return a model by its name `provider:name`, or the default one.

        Where it is not available, those to fall back to answer in its place.
        """
        ...

    async def lacking(self, subject: Subject, names: Iterable[str], ability: str) -> str | None:
        """Return the first of these models that cannot do something; None if all of them can."""
        ...


class Remembered(Protocol):
    """Something that is remembered; `untrusted` says that anybody may have a hand in it."""

    @property
    def text(self) -> str: ...

    @property
    def untrusted(self) -> bool: ...


class Memory(Protocol):
    """Knows what is to be remembered of people beyond their conversations."""

    async def __call__(self, run: LiveRun, question: str, *, full: bool) -> Sequence[Remembered]:
        """Return what a turn is told, best first, where settings say that it is told anything.

        `full` says that it is one of the workflow that remembers. It takes little time, and never
        fails; the run's log tells of it.
        """
        ...

    async def keeps(self, subject: Subject, *, full: bool) -> bool:
        """Return whether a turn may say itself what is to be remembered and forgotten."""
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """What waits to be said to a run, as a run that would answer it by itself."""

    run_id: RunId
    message_id: str
    text: str


class Steering(Protocol):
    """Knows what people want to say to runs that are at work."""

    async def waiting(self, run: LiveRun) -> Sequence[Said]:
        """Return what waits to be said to a run, in the order in which it came."""
        ...

    async def join(self, run: LiveRun, waiting: RunId) -> None:
        """End a run that waited: what it was to answer has been said to another one."""
        ...


class MoreTools(Protocol):
    """Finds tools that do not belong to an agent but to those it acts for."""

    async def __call__(self, run: LiveRun) -> Mapping[str, Tool]:
        """Return the tools that a run is offered besides its agent's, by name."""
        ...
