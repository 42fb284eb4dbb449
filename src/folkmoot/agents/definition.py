"""An agent as data."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Workflow(StrEnum):
    """How a turn is worked: the model alone, after a search in documents, with tools, with all."""

    PLAIN = "plain"
    RAG = "rag"
    TOOLS = "tools"
    FULL = "full"

    @property
    def searches(self) -> bool:
        """Whether documents are searched before the first answer."""
        return self in {Workflow.RAG, Workflow.FULL}

    @property
    def calls(self) -> bool:
        """Whether the model is offered tools."""
        return self in {Workflow.TOOLS, Workflow.FULL}


class ContextPolicy(StrEnum):
    """What becomes of a turn for which there is no room: results go, or all is summarised."""

    TRIM = "trim"
    SUMMARIZE = "summarize"


class OnActiveRun(StrEnum):
    """What becomes of a message that comes while the agent still answers in its conversation.

    It is refused, waits until that has ended, or is said to the agent at its next step.
    """

    REFUSE = "refuse"
    QUEUE = "queue"
    STEER = "steer"


class Origin(StrEnum):
    """Where an agent comes from: Folkmoot, a Python package, or the organisation itself."""

    BUILT_IN = "built_in"
    PACKAGE = "package"
    ORGANIZATION = "organization"


MOST_ANSWERS: Final = 12
MOST_CALLS: Final = 48
DEEPEST: Final = 3


@dataclass(frozen=True, slots=True)
class Subagent:
    """An agent that another one may ask, as one of its tools.

    Attributes:
        agent: Its id or slug.
        label: Which version of it; None is the one in production when it is asked.
        description: What the model is told that it is for, instead of its own description.
    """

    agent: str
    label: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentDefinition:
    """What makes an agent. Whatever changes a graph changes the version too.

    Attributes:
        id: What runs call it. Those of organisations have a UUID, and a slug that is theirs alone.
        workflows: The ones a caller may choose from.
        tools: Names of the tools that the workflows `tools` and `full` offer to the model.
        subagents: The agents that it may ask there, too.
        subagent_depth: How many of them may be at work within each other.
        mcp_tools: Patterns of the tools of MCP servers, of those that whoever asks it may use.
        client_tools: Patterns of the tools that applications bring along and run themselves.
        most_answers: How often the model is asked in one turn; an endless tool loop stops there.
        most_calls: How many tool calls one turn may make.
        most_seconds: How long one turn may take; None leaves it to the deployment.
        context_tokens: About how many tokens a model is shown; None leaves it to the platform.
        context_policy: What is done where a turn says more.
        approve_always: Tool calls for which somebody is asked each time, by pattern.
        approve_never: Tool calls for which nobody is, unless settings say otherwise.
        model: `provider:name` of the model that answers unless the caller names another.
        temperature: None leaves it to the settings; so does `max_tokens`.
        collection_ids: What is searched unless the caller names other collections.
        response_cache: Whether its answers are given again; None leaves it to the settings.
        output_schema: The JSON schema that final answers have to fit, as JSON text.
        on_active_run: What becomes of messages that come meanwhile, unless they say it themselves.
    """

    id: str
    version: int
    name: str
    description: str
    system_prompt: str
    workflows: tuple[Workflow, ...]
    tools: tuple[str, ...] = ()
    mcp_tools: tuple[str, ...] = ()
    client_tools: tuple[str, ...] = ("*",)
    subagents: tuple[Subagent, ...] = ()
    subagent_depth: int = DEEPEST
    approve_always: tuple[str, ...] = ()
    approve_never: tuple[str, ...] = ()
    most_answers: int = MOST_ANSWERS
    most_calls: int = MOST_CALLS
    most_seconds: int | None = None
    context_tokens: int | None = None
    context_policy: ContextPolicy = ContextPolicy.TRIM
    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    collection_ids: tuple[str, ...] = ()
    response_cache: str | None = None
    output_schema: str | None = None
    on_active_run: OnActiveRun = OnActiveRun.REFUSE
    slug: str = ""
    origin: Origin = Origin.BUILT_IN

    @property
    def takes_client_tools(self) -> bool:
        """Whether it may be offered tools of applications."""
        return bool(self.client_tools) and any(each.calls for each in self.workflows)

    @property
    def address(self) -> str:
        """How people call it: its slug, or its id if it has none."""
        return self.slug or self.id
