"""What clients may count on: AG-UI's capability document (https://ag-ui.com/spec/1.0/schema.json).

Only what is known is told; a client takes what is left out for unknown.
"""

from collections.abc import Iterable
from typing import Final

from pydantic import ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from folkmoot.agents.definition import AgentDefinition, Workflow
from folkmoot.kit.schema import Schema
from folkmoot.tools.tool import Tool

FOLKMOOT: Final = "Folkmoot"


class Part(Schema):
    """A part of the document; its fields are spelled as the protocol does."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class IdentityPart(Part):
    """What the agent is."""

    name: str = Field(examples=["Chat"])
    type: str = "langgraph"
    description: str = Field(examples=["Answers questions."])
    version: str = Field(examples=["1"])
    provider: str = FOLKMOOT


class TransportPart(Part):
    """How it is reached: a stream that is cut goes on by `Last-Event-ID`."""

    streaming: bool = True
    resumable: bool = True


class ToolPart(Part):
    """A tool that the agent may use."""

    name: str = Field(examples=["calculator"])
    description: str = Field(examples=["Computes an expression exactly."])
    parameters: dict[str, JsonValue] = Field(examples=[{"type": "object"}])


class ToolsPart(Part):
    """The tools that it may use, and whether those of its client are offered to it as well."""

    supported: bool
    items: list[ToolPart]
    parallel_calls: bool = True
    client_provided: bool


class OutputPart(Part):
    """What its answers are."""

    structured_output: bool = Field(description="Whether they are JSON that fits a schema.")
    supported_mime_types: list[str] = Field(examples=[["text/markdown"]])


class StatePart(Part):
    """What a client shares with tools is told, whole or in parts, and goes on in the next turn."""

    snapshots: bool = True
    deltas: bool = True
    memory: bool = Field(description="Whether it remembers people beyond their conversations.")
    persistent_state: bool = True


class SubagentPart(Part):
    """An agent that it may ask."""

    name: str = Field(examples=["support"])
    description: str | None = Field(default=None, examples=["Knows our lamps."])


class MultiAgentPart(Part):
    """The agents that it may ask; what they do is told by subagent events."""

    supported: bool
    delegation: bool
    handoffs: bool = False
    subagents: list[SubagentPart]


class InterruptsPart(Part):
    """Tool calls that need somebody end a run, and the answers make it go on."""

    supported: bool = True
    approvals: bool = True
    interrupts: bool = True
    approve_with_edits: bool = True


class ReasoningPart(Part):
    """A model's reasoning is shown if it tells any."""

    supported: bool = True
    streaming: bool = True


class ExecutionPart(Part):
    """How far a turn may go."""

    code_execution: bool = False
    max_iterations: int = Field(examples=[12])


class AgentCapabilities(Part):
    """AG-UI's `AgentCapabilities`; `custom` is ours."""

    identity: IdentityPart
    transport: TransportPart = TransportPart()
    tools: ToolsPart
    output: OutputPart
    state: StatePart
    multi_agent: MultiAgentPart
    reasoning: ReasoningPart = ReasoningPart()
    human_in_the_loop: InterruptsPart = InterruptsPart()
    execution: ExecutionPart
    custom: dict[str, JsonValue] = Field(
        description="`workflows` that can be chosen, whether answers have `citations`, and what"
        " becomes of a message that comes while the agent answers (`onActiveRun`).",
        examples=[{"workflows": ["plain"], "citations": False, "onActiveRun": "refuse"}],
    )


def capabilities(agent: AgentDefinition, tools: Iterable[Tool]) -> AgentCapabilities:
    """Return the capability document of an agent."""
    calls = any(each.calls for each in agent.workflows)
    offered = tools if calls else ()
    asked = agent.subagents if calls and agent.subagent_depth > 0 else ()
    items = [
        ToolPart(name=tool.name, description=tool.description, parameters=tool.parameters)
        for tool in offered
    ]
    structured = agent.output_schema is not None
    return AgentCapabilities(
        identity=IdentityPart(
            name=agent.name, description=agent.description, version=str(agent.version)
        ),
        tools=ToolsPart(
            supported=bool(items or asked) or agent.takes_client_tools,
            items=items,
            client_provided=agent.takes_client_tools,
        ),
        state=StatePart(memory=Workflow.FULL in agent.workflows),
        multi_agent=MultiAgentPart(
            supported=bool(asked),
            delegation=bool(asked),
            subagents=[
                SubagentPart(name=each.agent, description=each.description) for each in asked
            ],
        ),
        output=OutputPart(
            structured_output=structured,
            supported_mime_types=["application/json" if structured else "text/markdown"],
        ),
        execution=ExecutionPart(max_iterations=agent.most_answers),
        custom={
            "workflows": [str(each) for each in agent.workflows],
            "citations": any(each.searches for each in agent.workflows),
            "onActiveRun": agent.on_active_run,
        },
    )
