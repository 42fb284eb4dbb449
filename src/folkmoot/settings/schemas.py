"""What the settings slice takes in and gives out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import ConfigDict, Field, JsonValue, SecretStr

from folkmoot.kit.ids import SecretId, TeamId
from folkmoot.kit.schema import Schema
from folkmoot.kit.scope import Scope
from folkmoot.settings.groups import (
    Budget,
    General,
    Group,
    Guardrails,
    Models,
    Retrieval,
    Theme,
    Values,
)
from folkmoot.settings.resolver import Level, Resolved

G = TypeVar("G", bound=Values)


class LayerWrite(Schema, Generic[G]):
    """What a layer sets of a group."""

    model_config = ConfigDict(extra="forbid")

    values: G
    allow_team_override: bool | None = Field(
        default=None,
        description="Whether teams may set what is set here; only an organisation says so. Unset,"
        " they may, and make restrictions stricter only.",
    )
    allow_user_override: bool | None = Field(
        default=None,
        description="Whether users may set what is set here; only organisations and teams say so."
        " Unset, they may, and make restrictions stricter only.",
    )


class GeneralWrite(LayerWrite[General]):
    """How people are addressed, and what every agent is told."""


class ModelsWrite(LayerWrite[Models]):
    """Which models answer, and how."""


class RetrievalWrite(LayerWrite[Retrieval]):
    """How documents are cut and searched."""


class GuardrailsWrite(LayerWrite[Guardrails]):
    """What must not get into conversations, or out of them."""


class ThemeWrite(LayerWrite[Theme]):
    """How the console looks."""


class BudgetWrite(LayerWrite[Budget]):
    """What may be spent."""


WRITES: Final[dict[Group, type[LayerWrite[Any]]]] = {
    Group.GENERAL: GeneralWrite,
    Group.MODELS: ModelsWrite,
    Group.RETRIEVAL: RetrievalWrite,
    Group.GUARDRAILS: GuardrailsWrite,
    Group.THEME: ThemeWrite,
    Group.BUDGET: BudgetWrite,
}


class LayerRead(Schema):
    """What a layer has set of a group, and nothing that it has not."""

    group: Group
    scope: Level = Field(examples=["organization"])
    team_id: TeamId | None = Field(examples=[None])
    values: dict[str, JsonValue] = Field(examples=[{"language": "de"}])
    allow_team_override: bool | None
    allow_user_override: bool | None
    version: int = Field(description="0 before the first change; the ETag is made of it.")
    updated_at: datetime | None


class LockRead(Schema):
    """A level that may not set a field, and who says so."""

    level: Level = Field(examples=["user"])
    by: Level = Field(examples=["organization"])


class BoundRead(LockRead):
    """A level that may only make a field stricter, than what, and who says so."""

    limit: JsonValue = Field(examples=[["openai:gpt-5"]])


class FieldRead(Schema):
    """A value that holds, and where it comes from."""

    value: JsonValue = Field(examples=["de"])
    source: Level = Field(examples=["organization"])
    locked: bool = Field(description="Whether you may not set it for yourself.")
    locks: list[LockRead]
    bounds: list[BoundRead] = Field(
        description="Levels that may only make it stricter: it restricts something.",
        examples=[[]],
    )
    cut: list[LockRead] = Field(
        description="Levels that have set something looser than they may; it does not count.",
        examples=[[]],
    )


class EffectiveRead(Schema):
    """What holds of a group for you, in the team that you act in."""

    group: Group
    team_id: TeamId | None = Field(examples=[None])
    fields: dict[str, FieldRead] = Field(
        examples=[
            {
                "language": {
                    "value": "de",
                    "source": "organization",
                    "locked": True,
                    "locks": [{"level": "user", "by": "organization"}],
                    "bounds": [],
                    "cut": [],
                }
            }
        ]
    )


class SecretCreate(Schema):
    """A secret; nobody ever reads its value back."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = Field(
        description="What it is found by. `openai_api_key`, `anthropic_api_key`,"
        " `google_api_key`, `cohere_api_key`, `jina_api_key` and `voyage_api_key` take the place of"
        " the deployment's keys.",
        examples=["weather_api_key"],
    )
    value: Annotated[SecretStr, Field(min_length=1, max_length=16_384)] = Field(
        examples=["correct horse battery staple"]
    )
    scope: Scope = Scope.USER
    team_id: TeamId | None = Field(
        default=None, description="Of the scope `team`: by default the one you act in."
    )


class SecretRead(Schema):
    """That there is a secret, and nothing of what it says."""

    id: SecretId
    name: str = Field(examples=["weather_api_key"])
    scope: Scope
    team_id: TeamId | None = Field(examples=[None])
    version: int = Field(description="How often it has been set.")
    created_at: datetime
    updated_at: datetime


class FeatureRead(Schema):
    """Something that the operator of a deployment switches on or off."""

    name: str = Field(examples=["secrets"])
    enabled: bool
    description: str = Field(examples=["Organisations, teams and users keep secrets here."])


class FeatureList(Schema):
    """Everything that can be switched."""

    items: list[FeatureRead]
    next_cursor: None = Field(description="There are no more.")


def shown(group: Group, team_id: TeamId | None, resolved: Resolved[Values]) -> EffectiveRead:
    """Return what holds as the API shows it."""
    plain: Mapping[str, JsonValue] = resolved.values.model_dump(mode="json")
    fields = {
        name: FieldRead(
            value=plain[name],
            source=origin.source,
            locked=Level.USER in origin.locks,
            locks=[LockRead(level=level, by=by) for level, by in origin.locks.items()],
            bounds=[
                BoundRead(level=level, by=bound.by, limit=bound.limit)
                for level, bound in origin.bounds.items()
            ],
            cut=[LockRead(level=level, by=by) for level, by in origin.cut.items()],
        )
        for name, origin in resolved.origins.items()
    }
    return EffectiveRead(group=group, team_id=team_id, fields=fields)
