"""What the memory slice takes in and gives out."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from folkmoot.kit.fields import Moment
from folkmoot.kit.ids import MemoryId, RunId, TeamId
from folkmoot.kit.schema import Schema
from folkmoot.kit.scope import Scope
from folkmoot.memory.models import MemoryKind, MemoryOrigin
from folkmoot.settings.groups import MemoryStrategy, MemoryUse
from folkmoot.settings.written import WRITTEN

LONGEST: Final = 600
"""Characters of a memory: so many fit into an index, whatever they are."""

MemoryText = Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=WRITTEN)]
EXAMPLE: Final = "Prefers short answers."


class Input(Schema):
    """What comes in has the fields that are named here and no others."""

    model_config = ConfigDict(extra="forbid")


class MemoryCreate(Input):
    """Something to be remembered."""

    text: MemoryText = Field(examples=[EXAMPLE])
    kind: MemoryKind = Field(default=MemoryKind.FACT, examples=[MemoryKind.PREFERENCE])
    scope: Scope = Field(default=Scope.USER, description="Of whom; `user` is you.")
    team_id: TeamId | None = Field(
        default=None,
        description="For the scope `team`: which; by default the one that you act in.",
        examples=[None],
    )
    valid_until: Moment | None = Field(
        default=None, description="When it is forgotten by itself.", examples=[None]
    )


class MemoryUpdate(Input):
    """What is left out stays as it is. A new text is yours, and is trusted."""

    text: MemoryText | None = Field(default=None, examples=["Prefers long answers."])
    kind: MemoryKind | None = None
    valid_until: Moment | None = None
    untrusted: Literal[False] | None = Field(
        default=None, description="Say that it is true although anybody may have written it."
    )


class MemoryRead(Schema):
    """Something that is remembered."""

    id: MemoryId
    text: str = Field(examples=[EXAMPLE])
    kind: MemoryKind = Field(examples=[MemoryKind.PREFERENCE])
    scope: Scope = Field(examples=[Scope.USER])
    team_id: TeamId | None = Field(examples=[None])
    origin: MemoryOrigin = Field(
        description="Written by `hand`, or found in a `conversation`.", examples=[MemoryOrigin.HAND]
    )
    untrusted: bool = Field(
        description="Whether anybody may have a hand in it. A turn that is told of it asks before"
        " it has an effect.",
        examples=[False],
    )
    confidence: float = Field(description="How sure it is, from 0 to 1.", examples=[1.0])
    conversation_id: str | None = Field(description="Where it was found.", examples=[None])
    message_id: str | None = Field(description="And in which message.", examples=[None])
    run_id: RunId | None = Field(description="And in which turn.", examples=[None])
    valid_until: datetime | None = Field(examples=[None])
    created_at: datetime
    updated_at: datetime
    used_at: datetime | None = Field(
        description="When an agent was last told of it, give or take an hour.", examples=[None]
    )


class MemorySearch(Input):
    """A question that memories are to fit."""

    query: Annotated[str, Field(min_length=1, max_length=2_000, pattern=WRITTEN)] = Field(
        examples=["How long should answers be?"]
    )
    k: Annotated[int, Field(ge=1, le=50)] = Field(default=8, examples=[8])


class MemoryHit(Schema):
    """A memory that fits, and how well."""

    memory: MemoryRead
    likeness: float | None = Field(
        description="From -1 to 1; null if it was found by its words.", examples=[0.62]
    )


class MemoryHits(Schema):
    """What fits a question, best first."""

    hits: list[MemoryHit]


class MemoryExport(Schema):
    """All memories of one scope that you can see."""

    memories: list[MemoryRead]


class Cleared(Schema):
    """How many memories are gone."""

    deleted: int = Field(examples=[12])


class MemoryReading(StrEnum):
    """Whether conversations are read for what is worth remembering, and if not, why."""

    ON = "on"
    OFF = "off"
    NO_MODEL = "no_model"
    NOT_ALLOWED = "not_allowed"
    NOT_INSTALLED = "not_installed"


class MemoryStatus(Schema):
    """What holds for you."""

    memory: MemoryUse = Field(
        description="In which turns memories are used, and found.", examples=[MemoryUse.FULL]
    )
    reading: MemoryReading = Field(
        description="Whether conversations are read: `no_model` says that only the offline model"
        " is there, which finds nothing; `not_allowed` that settings allow no such model;"
        " `not_installed` that the strategy is not there any more.",
        examples=[MemoryReading.ON],
    )
    model: str | None = Field(
        description="The model that reads them.", examples=["openai:gpt-5-mini"]
    )
    strategy: MemoryStrategy = Field(
        description="How they are read.", examples=[MemoryStrategy.OWN]
    )
    untrusted: bool = Field(
        description="Whether what anybody may have written is remembered, too.", examples=[False]
    )
    memories: int = Field(description="How many of your own there are.", examples=[12])
    most: int = Field(description="How many there may be.", examples=[1000])
    waiting_turns: int = Field(description="Turns that are still to be read.", examples=[0])
