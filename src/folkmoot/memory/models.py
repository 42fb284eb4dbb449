"""Tables of the memory slice."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Float, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem

from folkmoot.db.model import Hierarchical, Model, OrgScoped, Stamped
from folkmoot.db.vectors import HalfVector
from folkmoot.kit.ids import MemoryId, RunId, TeamId, UserId

SAME_WORDS = text("lower(text)")
"""The same words are remembered once, whatever their case."""


class MemoryKind(StrEnum):
    """What a memory tells: how things are, how somebody likes them, what somebody wants."""

    FACT = "fact"
    PREFERENCE = "preference"
    GOAL = "goal"


class MemoryOrigin(StrEnum):
    """Who has written a memory down."""

    HAND = "hand"
    CONVERSATION = "conversation"


class Memory(Model, Hierarchical, Stamped, kw_only=True):
    """Something that is remembered, of the organisation, of one team or of one user.

    `untrusted`: anybody may have a hand in it. `conversation`, `message_id` and `run_id` say where
    it was read, as long as that is there. `embedder` names what `embedding` is from, and how long
    its vectors are.
    """

    __tablename__ = "memories"

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[SchemaItem, ...]:
        return (
            CheckConstraint("team_id IS NULL OR user_id IS NULL", name="one_level"),
            CheckConstraint("(embedder IS NULL) = (embedding IS NULL)", name="embedded"),
            CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
            ForeignKeyConstraint(["org_id"], ["organizations.id"], ondelete="CASCADE"),
            ForeignKeyConstraint(
                ["org_id", "team_id"], ["teams.org_id", "teams.id"], ondelete="CASCADE"
            ),
            Index(
                "uq_memories_text",
                "org_id",
                "user_id",
                "team_id",
                SAME_WORDS,
                unique=True,
                postgresql_nulls_not_distinct=True,
            ),
            Index(
                "ix_memories_conversation",
                "org_id",
                "user_id",
                "conversation",
                postgresql_where=text("conversation IS NOT NULL"),
            ),
            Index(
                "ix_memories_valid_until",
                "valid_until",
                postgresql_where=text("valid_until IS NOT NULL"),
            ),
        )

    id: Mapped[MemoryId] = mapped_column(primary_key=True)
    kind: Mapped[MemoryKind] = mapped_column(Text)
    text: Mapped[str]
    origin: Mapped[MemoryOrigin] = mapped_column(Text)
    untrusted: Mapped[bool] = mapped_column(default=False)
    confidence: Mapped[float] = mapped_column(Float, default=1.0)
    conversation: Mapped[str | None] = mapped_column(default=None)
    message_id: Mapped[str | None] = mapped_column(default=None)
    run_id: Mapped[RunId | None] = mapped_column(default=None)
    created_by: Mapped[UserId | None] = mapped_column(default=None)
    embedder: Mapped[str | None] = mapped_column(default=None)
    embedding: Mapped[str | None] = mapped_column(HalfVector(), default=None)
    valid_until: Mapped[datetime | None] = mapped_column(default=None)
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class MemoryTurn(Model, OrgScoped, kw_only=True):
    """A turn of a conversation from which something may be remembered, until it has been read.

    The log writer notes it, with the event that tells what the turn was told. While `held_until`
    lies ahead, somebody is at it.
    """

    __tablename__ = "memory_turns"
    __table_args__ = (
        Index("ix_memory_turns_conversation", "org_id", "user_id", "conversation"),
        Index("ix_memory_turns_noted_at", "noted_at"),
    )

    run_id: Mapped[RunId] = mapped_column(primary_key=True)
    user_id: Mapped[UserId]
    team_id: Mapped[TeamId | None]
    conversation: Mapped[str]
    noted_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    held_until: Mapped[datetime | None] = mapped_column(default=None)
