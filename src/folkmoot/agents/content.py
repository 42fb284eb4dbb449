"""What one version of an agent holds, as it comes in, is kept and goes out."""

from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from folkmoot.agents.definition import (
    MOST_ANSWERS,
    MOST_CALLS,
    AgentDefinition,
    Origin,
    Workflow,
)
from folkmoot.kit.ids import CollectionId
from folkmoot.settings.groups import WRITTEN, CallWritten, ModelName, counted

LONGEST_PROMPT: Final = 50_000


def _once(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise PydanticCustomError("twice", "Nothing may be named twice")
    return values


Prompt = Annotated[str, StringConstraints(max_length=LONGEST_PROMPT, pattern=WRITTEN)]
ToolName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Temperature = Annotated[float, Field(ge=0, le=2), BeforeValidator(counted)]
Tokens = Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(counted)]
Workflows = Annotated[list[Workflow], Field(min_length=1, max_length=3), AfterValidator(_once)]
Tools = Annotated[list[ToolName], Field(max_length=64), AfterValidator(_once)]
CollectionIds = Annotated[list[CollectionId], Field(max_length=50)]
Answers = Annotated[int, Field(ge=1, le=50), BeforeValidator(counted)]
Approvals = Annotated[list[CallWritten], Field(max_length=64), AfterValidator(_once)]
Calls = Annotated[int, Field(ge=0, le=200), BeforeValidator(counted)]


class AgentContent(BaseModel):
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
    tools: Tools = Field(
        default=[], description="The tools it may use, and no others.", examples=[["calculator"]]
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
            collection_ids=tuple(map(str, self.collection_ids)),
            most_answers=self.most_answers,
            most_calls=self.most_tool_calls,
            approve_always=tuple(self.approve_always),
            approve_never=tuple(self.approve_never),
        )
