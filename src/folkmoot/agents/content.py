"""What one version of an agent holds, as it comes in, is kept and goes out."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

import orjson
from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from folkmoot.agents.definition import (
    DEEPEST,
    MOST_ANSWERS,
    MOST_CALLS,
    AgentDefinition,
    ContextPolicy,
    OnActiveRun,
    Origin,
    Subagent,
    Workflow,
)
from folkmoot.agents.labels import Label
from folkmoot.kit import shape
from folkmoot.kit.fields import Once, once
from folkmoot.kit.ids import CollectionId
from folkmoot.kit.schema import Schema
from folkmoot.settings.groups import ResponseCache
from folkmoot.settings.written import WRITTEN, CallWritten, ModelName, ToolPattern

LONGEST_PROMPT: Final = 50_000
LARGEST_SCHEMA: Final = 32_000
"""Bytes of a schema as JSON text: it is told to the model each time."""
DEEPEST_SCHEMA: Final = 32
"""Objects and lists within each other."""


def _within_limits(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Refuse a schema that no model should be told."""
    if shape.is_deeper(schema, DEEPEST_SCHEMA):
        told = {"most": DEEPEST_SCHEMA}
        raise PydanticCustomError("too_deep", "A schema has {most} levels at the most", told)
    if len(orjson.dumps(schema)) > LARGEST_SCHEMA:
        told = {"most": LARGEST_SCHEMA}
        raise PydanticCustomError("too_large", "A schema has {most} bytes at the most", told)
    return schema


Prompt = Annotated[str, StringConstraints(max_length=LONGEST_PROMPT, pattern=WRITTEN)]
ToolName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Temperature = Annotated[float, Field(ge=0, le=2)]
Tokens = Annotated[int, Field(ge=1, le=1_000_000)]
Workflows = Annotated[list[Workflow], Field(min_length=1, max_length=4), Once()]
Patterns = Annotated[list[ToolPattern], Field(max_length=64), Once()]
Tools = Annotated[list[ToolName], Field(max_length=64), Once()]
CollectionIds = Annotated[list[CollectionId], Field(max_length=50)]
Answers = Annotated[int, Field(ge=1, le=50)]
Approvals = Annotated[list[CallWritten], Field(max_length=64), Once()]
OutputSchema = Annotated[dict[str, JsonValue], AfterValidator(_within_limits)]
Seconds = Annotated[int, Field(ge=1, le=3_600)]
ContextTokens = Annotated[int, Field(ge=1_000, le=2_000_000)]
Calls = Annotated[int, Field(ge=0, le=200)]
Depth = Annotated[int, Field(ge=0, le=10)]


class SubagentContent(Schema):
    """An agent that another one may ask."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    agent: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")] = Field(
        description="Its slug or id.", examples=["support"]
    )
    label: Label | None = Field(
        default=None,
        description="Which version of it; unset, the one in production when it is asked.",
        examples=[Label.PRODUCTION],
    )
    description: (
        Annotated[str, StringConstraints(max_length=1_000, pattern=r"^[^\x00]*$")] | None
    ) = Field(
        default=None,
        description="What the model is told that it is for; unset, its own description.",
        examples=["Knows our lamps."],
    )


def _asked_once(subagents: list[SubagentContent]) -> list[SubagentContent]:
    once([each.agent for each in subagents])
    return subagents


Subagents = Annotated[list[SubagentContent], Field(max_length=16), AfterValidator(_asked_once)]


class AgentContent(Schema):
    """What makes an agent: everything of which a change makes a new version."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    system_prompt: Prompt = Field(examples=["You answer questions about our products."])
    model: ModelName | None = Field(
        default=None,
        description="provider:name of the model that answers; unset, the default one.",
        examples=[None],
    )
    temperature: Temperature | None = Field(
        default=None, description="Unset, it is what the settings say.", examples=[0.2]
    )
    max_output_tokens: Tokens | None = Field(
        default=None, description="Unset, it is what the settings say.", examples=[2048]
    )
    workflows: Workflows = Field(
        default=[Workflow.PLAIN],
        description="The ways of working that callers may choose from; the first is the usual one.",
        examples=[["plain", "tools"]],
    )
    tools: Tools = Field(default=[], description="The tools it may use.", examples=[["calculator"]])
    mcp_tools: Patterns = Field(
        default=[],
        description="Tools of MCP servers that it may use besides, of those that whoever asks it"
        " may use: `server__tool`, in which `*` stands for anything.",
        examples=[["tickets__*"]],
    )
    client_tools: Patterns = Field(
        default=["*"],
        description="Tools of the applications that ask it, which they run themselves, that it may"
        " use besides: by name, in which `*` stands for anything. None, if there is none here.",
        examples=[["*"]],
    )
    subagents: Subagents = Field(
        default=[],
        description="Other agents that it may ask, each as a tool `ask_<slug>`.",
        examples=[[]],
    )
    subagent_depth: Depth = Field(
        default=DEEPEST,
        description="How many agents may be at work within each other below this one, if the"
        " deployment allows as many.",
    )
    collection_ids: CollectionIds = Field(
        default=[],
        description="The organisation's collections that it searches unless the caller names some.",
        examples=[[]],
    )
    most_answers: Answers = Field(
        default=MOST_ANSWERS, description="How often the model is asked in one turn."
    )
    most_tool_calls: Calls = Field(
        default=MOST_CALLS, description="How many tool calls one turn may make."
    )
    most_seconds: Seconds | None = Field(
        default=None,
        description="How long one turn may take; unset, as long as any run.",
        examples=[120],
    )
    context_tokens: ContextTokens | None = Field(
        default=None,
        description="About how many tokens the model is shown; half of them are for what was said"
        " before. Unset, all that a turn says, after the end of its conversation.",
        examples=[32_000],
    )
    context_policy: ContextPolicy = Field(
        default=ContextPolicy.TRIM,
        description="What is done where a turn says more: the oldest results of tools are left out,"
        " or all but the last messages are summarised, which costs a call of the model.",
    )
    response_cache: ResponseCache | None = Field(
        default=None,
        description="Whether its answers are given again, and to what; unset, it is what the"
        " settings say.",
        examples=["off"],
    )
    on_active_run: OnActiveRun = Field(
        default=OnActiveRun.REFUSE,
        description="What becomes of a message that comes while the agent still answers in its"
        " conversation, unless the message says it itself: it is refused, waits for its turn, or is"
        " said to the agent at its next step.",
    )
    approve_always: Approvals = Field(
        default=[],
        description="Tool calls for which somebody is asked each time: a name, or a name with"
        " patterns of arguments.",
        examples=[["pay", "send_mail(to=*@example.org)"]],
    )
    approve_never: Approvals = Field(
        default=[],
        description="Tool calls for which nobody is asked, although they have an effect and the"
        " agent has read what anybody may have written; unless settings say otherwise. Whoever adds"
        " some needs the permission `approvals:manage`.",
        examples=[[]],
    )
    output_schema: OutputSchema | None = Field(
        default=None,
        description="A JSON schema (2020-12) of an object. Final answers are JSON that fits it:"
        " one that does not is asked for once more, and then the run fails.",
        examples=[{"type": "object", "properties": {"answer": {"type": "string"}}}],
    )

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Self:
        """Return what is kept of a version."""
        schema = kept.get("output_schema")
        read = schema if schema is None else orjson.loads(schema)
        return cls.model_validate({**kept, "output_schema": read})

    def kept(self) -> dict[str, Any]:
        """Return what is to be kept: the schema as text, as models answer in its order."""
        return self.model_dump(mode="json") | {"output_schema": self.schema_text}

    @property
    def schema_text(self) -> str | None:
        """The schema as JSON text."""
        return None if self.output_schema is None else orjson.dumps(self.output_schema).decode()

    def definition(
        self,
        *,
        agent_id: str,
        version: int,
        slug: str,
        name: str,
        description: str,
    ) -> AgentDefinition:
        """Return the agent that this makes."""
        return AgentDefinition(
            id=agent_id,
            version=version,
            slug=slug,
            name=name,
            description=description,
            origin=Origin.ORGANIZATION,
            system_prompt=self.system_prompt,
            model=self.model,
            temperature=self.temperature,
            max_tokens=self.max_output_tokens,
            workflows=tuple(self.workflows),
            tools=tuple(self.tools),
            mcp_tools=tuple(self.mcp_tools),
            client_tools=tuple(self.client_tools),
            subagents=tuple(Subagent(**each.model_dump()) for each in self.subagents),
            subagent_depth=self.subagent_depth,
            collection_ids=tuple(map(str, self.collection_ids)),
            most_answers=self.most_answers,
            most_calls=self.most_tool_calls,
            most_seconds=self.most_seconds,
            context_tokens=self.context_tokens,
            context_policy=self.context_policy,
            response_cache=self.response_cache,
            output_schema=self.schema_text,
            on_active_run=self.on_active_run,
            approve_always=tuple(self.approve_always),
            approve_never=tuple(self.approve_never),
        )
