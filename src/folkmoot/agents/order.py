"""What a run of kind `agent` was asked to do, as it stands in the run's row."""

from typing import Any, Final

import msgspec

from folkmoot.agents.asking import Decision
from folkmoot.agents.definition import OnActiveRun, Workflow
from folkmoot.caches.rules import Rules

KIND: Final = "agent"

SUBAGENT: Final = "subagent"
"""Runs of an agent that another one has asked are of a kind of their own."""

PASSAGES: Final = 8
"""Passages that a model is given unless something else is set."""


class ContextItem(msgspec.Struct, frozen=True):
    """Something that the caller's application knows and the agent may use."""

    description: str
    value: str


class ClientTool(msgspec.Struct, frozen=True):
    """A tool of the caller's application, which makes the calls of it itself."""

    name: str
    description: str
    parameters: dict[str, Any]


class ClientResult(msgspec.Struct, frozen=True):
    """What came of a call that the caller's application has made, as a message of its own."""

    message_id: str
    tool_call_id: str
    text: str


class Errand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one agent wants of another.

    Attributes:
        task: What it is to do.
        name: What whoever reads the log of the first one knows it by, in all runs that continue.
        path: The names of the agents that were asked on the way, the outermost first.
        waits: The run of the outermost one, which waits where somebody has to decide.
        left: How many agents may be at work within it.
        searchable: Whether there are documents to search.
        untrusted: Whether the one that asks had read what anybody may have written.
    """

    task: str
    name: str
    path: tuple[str, ...]
    waits: str
    left: int = 0
    searchable: bool = False
    untrusted: bool = False


class Waiting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The question of a run whose turn has not come: nothing else has it until then.

    Attributes:
        after: The message that it follows, if its client has said so; `first` if that is none.
        attached: What came with it, as its message will refer to it.
    """

    text: str
    attached: tuple[dict[str, Any], ...] = ()
    after: str | None = None
    first: bool = False


class AgentOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The input of a run of kind `agent`.

    Attributes:
        agent: Its id. With its `version` it is the same agent for as long as the run lasts.
        called: Its slug, if that is something else.
        conversation_id: The conversation as its client calls it.
        message_id: The user's message that is to be answered.
        workflow: None leaves the choice to the agent.
        model: `provider:name`.
        fallbacks: The models that are asked where that one is not available, in order.
        rules: What every agent of the caller is told.
        passages: How many passages of documents a model is given.
        search_mode: How they are searched for.
        temperature: None leaves it to the provider; so does `max_tokens`.
        redact_pii: Whether personal data are kept out of the run.
        reuse: Whether its first answer may be one that was given before; None if not.
        ancestors: The runs that this one continues, the first one first.
        decisions: What was decided about their calls.
        state: What the client says that it shares with the agent; None if it says nothing.
        errand: What it is asked by another agent, if it is; then it knows of no conversation.
        on_active_run: What becomes of it while another run answers in its conversation.
        waiting: What it asks, while that has to wait.
        client_tools: Tools of the caller's application, as this very request has brought them.
        results: What came of calls of such tools that the run has been asked to go on with.
        joined: The run that has been told what this one was to answer.
        memory: Whether whoever asks is known to be the one that is remembered.
    """

    agent: str
    called: str = ""
    version: int = 0
    conversation_id: str
    message_id: str
    model: str
    fallbacks: tuple[str, ...] = ()
    workflow: Workflow | None = None
    collection_ids: tuple[str, ...] = ()
    context: tuple[ContextItem, ...] = ()
    rules: str = ""
    passages: int = PASSAGES
    search_mode: str = "hybrid"
    temperature: float | None = None
    max_tokens: int | None = None
    redact_pii: bool = False
    reuse: Rules | None = None
    ancestors: tuple[str, ...] = ()
    decisions: dict[str, Decision] = {}
    state: Any = None
    errand: Errand | None = None
    on_active_run: OnActiveRun = OnActiveRun.REFUSE
    waiting: Waiting | None = None
    client_tools: tuple[ClientTool, ...] = ()
    results: tuple[ClientResult, ...] = ()
    joined: str = ""
    memory: bool = True

    def stored(self) -> dict[str, Any]:
        """Return the order as JSON values."""
        values: dict[str, Any] = msgspec.to_builtins(self)
        return values


def read(values: dict[str, Any]) -> AgentOrder:
    """Read an order back."""
    return msgspec.convert(values, AgentOrder)
