"""Who may read and edit, as it comes in and goes out."""

from itertools import permutations
from typing import Annotated, Final, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from folkmoot.kit.ids import CollectionId, DocumentId, TeamId, UserId
from folkmoot.kit.schema import Schema
from folkmoot.kit.scope import Scope
from folkmoot.knowledge.levels import AccessLevel, DefaultAccess
from folkmoot.knowledge.schemas import Input

MOST: Final = 200

Whom = tuple[UserId | None, TeamId | None]


class Reader(Input):
    """Somebody who may read: a member of the organisation or a team of it, one of the two."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {
                    "required": [one],
                    "properties": {one: {"type": "string"}, other: {"type": "null"}},
                }
                for one, other in permutations(("user_id", "team_id"))
            ]
        }
    )

    user_id: UserId | None = Field(default=None, examples=["019a8f3c-1c7e-7d90-8a4b-6e5f4d3c2b1a"])
    team_id: TeamId | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.user_id is None) == (self.team_id is None):
            raise PydanticCustomError("one_of", "Name a user or a team, and not both")
        return self

    @property
    def whom(self) -> Whom:
        """Who it is."""
        return self.user_id, self.team_id


class Grant(Reader):
    """Somebody who may read a collection, or edit it."""

    level: AccessLevel


class CollectionPermissions(Input):
    """Who may read and edit a collection; what is left out of the list may no longer."""

    default_access: DefaultAccess = Field(
        description="What those may do whom the collection's scope names: everybody in the"
        " organisation or everybody in the team. A personal collection's is always `edit`."
    )
    grants: Annotated[list[Grant], Field(max_length=MOST)] = Field(
        description="Who may do more than that, also from outside the team.", examples=[[]]
    )


class DocumentPermissions(Input):
    """Who may read a document."""

    readers: Annotated[list[Reader], Field(max_length=MOST)] | None = Field(
        description="Nobody else finds or reads it, whatever else they may do with the collection;"
        " they have to be able to read the collection, too. Null lets in all who read that.",
        examples=[None],
    )


class ReaderRead(Schema):
    user_id: UserId | None
    team_id: TeamId | None
    name: str | None = Field(
        description="Null for a team that is about to be deleted for good.", examples=["Ada"]
    )


class GrantRead(ReaderRead):
    level: AccessLevel


class CollectionPermissionsRead(Schema):
    collection_id: CollectionId
    name: str = Field(examples=["Reports"])
    scope: Scope
    team_id: TeamId | None = Field(examples=[None])
    owner_id: UserId | None = Field(description="Whose it is, if it is personal.")
    default_access: DefaultAccess
    grants: list[GrantRead]
    may_change: bool = Field(description="Whether you may change this.")


class DocumentPermissionsRead(Schema):
    document_id: DocumentId
    collection_id: CollectionId
    title: str = Field(examples=["Opening hours"])
    readers: list[ReaderRead] | None = Field(description="Null: all who read the collection.")
    may_change: bool = Field(description="Whether you may change this.")
