"""An agent as data."""

from dataclasses import dataclass
from enum import StrEnum


class Workflow(StrEnum):
    """How a turn is worked: the model alone, after a search in documents, or with tools."""

    PLAIN = "plain"
    RAG = "rag"
    TOOLS = "tools"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentDefinition:
    """What makes an agent. Whatever changes a graph changes the version too.

    Attributes:
        workflows: The ones a caller may choose from.
        tools: Names of the tools that the workflow `tools` offers to the model.
        most_answers: How often the model is asked in one turn; an endless tool loop stops there.
        most_calls: How many tool calls one turn may make.
        approve_always: Tool calls for which somebody is asked each time, by pattern.
        approve_never: Tool calls for which nobody is, unless settings say otherwise.
    """

    id: str
    version: int
    name: str
    description: str
    system_prompt: str
    workflows: tuple[Workflow, ...]
    tools: tuple[str, ...] = ()
    most_answers: int = 12
    most_calls: int = 48
    approve_always: tuple[str, ...] = ()
    approve_never: tuple[str, ...] = ()
