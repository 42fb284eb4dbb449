"""What the room gives out."""

from datetime import datetime

from pydantic import Field

from folkmoot.kit.schema import Schema


class ReusedCalls(Schema):
    """How many answers of the last 30 days were there already, and how they were found."""

    exact: int = Field(examples=[310], description="The same had been asked before.")
    semantic: int = Field(examples=[42], description="Something that means the same had been.")
    collapsed: int = Field(examples=[7], description="Somebody else was asking the same.")
    calls: int = Field(examples=[1200], description="Calls of chat models in that time.")


class ResponseCacheRead(Schema):
    """What is kept of an organisation's answers."""

    answers: int = Field(examples=[318])
    similar: int = Field(examples=[120], description="Those that are given to like questions.")
    bytes: int = Field(examples=[412000])
    most_answers: int = Field(examples=[5000])
    most_bytes: int = Field(examples=[67108864])
    oldest_at: datetime | None = Field(examples=["2026-11-20T08:00:00Z"])
    reused: ReusedCalls


class ResponseCacheCleared(Schema):
    """How many answers are kept no longer."""

    answers: int = Field(examples=[318])
