"""What the agents slice takes in and gives out."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, StringConstraints
from pydantic_core import PydanticCustomError

from folkmoot.agents.capabilities import AgentCapabilities
from folkmoot.agents.content import (
    AgentContent,
    Answers,
    Approvals,
    Calls,
    CollectionIds,
    ContextTokens,
    Depth,
    OutputSchema,
    Patterns,
    Prompt,
    Seconds,
    Subagents,
    Temperature,
    Tokens,
    Tools,
    Workflows,
)
from folkmoot.agents.definition import ContextPolicy, OnActiveRun, Origin, Workflow
from folkmoot.agents.labels import Label
from folkmoot.agents.own import as_uuid
from folkmoot.kit.ids import AgentId, UserId
from folkmoot.kit.schema import Schema
from folkmoot.settings.groups import ResponseCache
from folkmoot.settings.written import WRITTEN, ModelName


def _no_id(slug: str) -> str:
    if as_uuid(slug) is not None:
        raise PydanticCustomError("no_slug", "This looks like an id")
    return slug


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,47}$"), AfterValidator(_no_id)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=WRITTEN)]
Description = Annotated[str, StringConstraints(max_length=1_000, pattern=r"^[^\x00]*$")]
Note = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]


class AgentRead(Schema):
    """An agent as those see it who talk to it."""

    id: str = Field(examples=["chat"])
    slug: str = Field(description="Names it as its id does.", examples=["chat"])
    name: str = Field(examples=["Chat"])
    description: str = Field(examples=["Answers questions, from documents where there are any."])
    origin: Origin
    version: int | None = Field(description="The one in production, if there is one.")
    available: bool = Field(description="Whether it can be asked now.")
    unavailable_because: str | None = Field(examples=[None])
    workflows: list[Workflow]
    capabilities: AgentCapabilities


class AgentList(Schema):
    """Every agent that the caller may use."""

    items: list[AgentRead]
    next_cursor: None = None


class GivenTool(Schema):
    """A tool as those see it who make agents."""

    name: str = Field(examples=["calculator"])
    description: str = Field(examples=["Computes an expression exactly."])
    writes: bool = Field(description="Whether a call has an effect outside.")


class GivenTools(Schema):
    """Every tool that an agent can be given."""

    items: list[GivenTool]
    next_cursor: None = None


class AgentCreate(AgentContent):
    """A new agent and what its first version holds."""

    slug: Slug = Field(
        description="What it is called in addresses, for ever.", examples=["support"]
    )
    name: Name = Field(examples=["Support"])
    description: Description = Field(default="", examples=["Knows our products."])
    note: Note = Field(default="", description="What this version is for.", examples=["First try"])
    publish: bool = Field(default=False, description="Whether it goes into production at once.")


class AgentUpdate(Schema):
    """What is to be different. Whatever is not named stays.

    What an agent is called is changed at once; everything else makes a new version, which has to
    be published.
    """

    model_config = ConfigDict(extra="forbid")

    name: Name | None = Field(default=None, examples=["Support"])
    description: Description | None = Field(default=None, examples=["Knows our products."])
    note: Note = Field(default="", description="What the new version is for.", examples=["Shorter"])
    system_prompt: Prompt | None = Field(default=None, examples=["Answer in one sentence."])
    model: ModelName | None = Field(default=None, examples=[None])
    temperature: Temperature | None = None
    max_output_tokens: Tokens | None = None
    workflows: Workflows | None = Field(default=None, examples=[["plain"]])
    tools: Tools | None = Field(default=None, examples=[[]])
    mcp_tools: Patterns | None = Field(default=None, examples=[["tickets__*"]])
    client_tools: Patterns | None = Field(default=None, examples=[["*"]])
    subagents: Subagents | None = Field(default=None, examples=[[]])
    subagent_depth: Depth | None = None
    collection_ids: CollectionIds | None = Field(default=None, examples=[[]])
    most_answers: Answers | None = None
    most_tool_calls: Calls | None = None
    most_seconds: Seconds | None = None
    context_tokens: ContextTokens | None = None
    context_policy: ContextPolicy | None = None
    output_schema: OutputSchema | None = Field(default=None, examples=[None])
    response_cache: ResponseCache | None = None
    on_active_run: OnActiveRun | None = None
    approve_always: Approvals | None = Field(default=None, examples=[["pay"]])
    approve_never: Approvals | None = Field(default=None, examples=[[]])


class VersionRead(Schema):
    """One version of an agent; it never changes."""

    number: int = Field(examples=[1])
    labels: list[Label] = Field(examples=[["production"]])
    note: str = Field(examples=["First try"])
    content: AgentContent
    created_by: UserId
    created_at: datetime


class AgentDetails(Schema):
    """An agent as those see it who make it."""

    id: AgentId
    slug: str = Field(examples=["support"])
    name: str = Field(examples=["Support"])
    description: str = Field(examples=["Knows our products."])
    latest: int = Field(description="The number of its newest version.", examples=[1])
    labels: dict[Label, int] = Field(
        description="Which version each label stands for.", examples=[{"production": 1}]
    )
    content: AgentContent = Field(description="What the newest version holds.")
    created_by: UserId
    created_at: datetime
    updated_at: datetime


class Publication(Schema):
    """As what a version is published."""

    model_config = ConfigDict(extra="forbid")

    label: Label = Field(default=Label.PRODUCTION, examples=[Label.PRODUCTION])


class FieldChange(Schema):
    """What two versions say differently."""

    field: str = Field(examples=["system_prompt"])
    before: JsonValue = Field(examples=["Be helpful."])
    after: JsonValue = Field(examples=["Be brief."])
    lines: list[str] | None = Field(
        description="Of a text, the lines that differ, as `diff -u` writes them.",
        examples=[["-Be helpful.", "+Be brief."]],
    )


class VersionDiff(Schema):
    """What has become of one version in another."""

    before: int = Field(examples=[1])
    after: int = Field(examples=[2])
    changes: list[FieldChange]
