"""What a tool is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import JsonValue

from folkmoot.kit.subject import Subject
from folkmoot.runs.live import LiveRun
from folkmoot.tools.sources import Sources
from folkmoot.tools.state import Activity, SharedState


class Asks(StrEnum):
    """When somebody is asked before a call is made."""

    NEVER = "never"
    AFTER_UNTRUSTED = "after_untrusted"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class ToolContext:
    """For whom and in which run a tool is called; `call_id` names this one call in the run.

    A tool that shows passages of documents to the model takes their numbers from `sources`. `hosts`
    are those that may be asked for what a model wants to read. `state` is what the run and its
    client both see. `doubtful` says that the question holds what somebody else may have written.
    """

    run: LiveRun
    subject: Subject
    call_id: str
    sources: Sources = field(default_factory=Sources)
    hosts: tuple[str, ...] = ()
    state: SharedState = field(default_factory=SharedState)
    doubtful: bool = False

    def activity(self, type_: str, name: str = "1") -> Activity:
        """Begin to tell of something under way; several of one call have names of their own."""
        return Activity(self.run, f"{self.call_id}-{name}", type_)


ToolFunction = Callable[[ToolContext, dict[str, Any]], Awaitable[str]]
"""Does what a tool does; returns the text that the model gets to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """Something a model may call.

    Attributes:
        parameters: JSON schema of the arguments; `type` is `object`.
        call: Takes arguments that fit the schema. An `AppError` it raises is told to the model.
        idempotent: Whether calling it twice does no harm. Only then is a call repeated of which a
            crash has left open whether it happened.
        writes: Whether a call has an effect outside, or tells somebody there something. Such a call
            needs a person's approval once the model has read what anybody may have written.
        trusted: Whether its results are the deployment's own words, and nobody else's.
        origin: Whose words its description is, if they are a stranger's.
        asks: When somebody is asked before a call, if it is the tool's own to say.
        most_calls: How often one turn may call it.
        retries: How often a call is made again that fails because something is away for a moment;
            only for a tool that is `idempotent`.
        timeout: Seconds a call may take.
        max_output: Characters of its result that reach the model.
    """

    name: str
    description: str
    parameters: dict[str, JsonValue]
    call: ToolFunction
    idempotent: bool = False
    writes: bool = True
    trusted: bool = False
    origin: str | None = None
    asks: Asks | None = None
    most_calls: int | None = None
    retries: int = 0
    timeout: float = 30.0
    max_output: int = 16_000

    def __post_init__(self) -> None:
        if self.retries and not self.idempotent:
            raise ValueError(f"{self.name!r} is retried, and does not say that it may be.")
