"""Tables of the conversations slice."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.db.model import Model, OrgScoped
from folkmoot.kit import clock
from folkmoot.kit.ids import ConversationId, FeedbackId, RunId, ShareId, UserId

NOT_DELETED = text("deleted_at IS NULL")
DELETED = text("deleted_at IS NOT NULL")
TAGGED = text("deleted_at IS NULL AND tags <> '{}'")

# A function of the database, as is what asks for it: see the migration 0028_shares.
WORDS = text("message_words(org_id, user_id, content)")


class Conversation(Model, OrgScoped, kw_only=True):
    """A thread of messages of one user.

    `client_id` is what its client calls it and the only name that is shown. A deleted conversation
    keeps it, and a new one may take it. `branch` is the one that is shown and written to;
    `branches` is the last number that one was given. `state` is what its agent and its client both
    see.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        Index(
            "uq_conversations_client",
            "org_id",
            "user_id",
            "client_id",
            unique=True,
            postgresql_where=NOT_DELETED,
        ),
        Index(
            "ix_conversations_recent",
            "org_id",
            "user_id",
            "updated_at",
            "id",
            postgresql_where=NOT_DELETED,
        ),
        Index(
            "ix_conversations_deleted",
            "org_id",
            "user_id",
            "updated_at",
            "id",
            postgresql_where=DELETED,
        ),
        Index("ix_conversations_tagged", "org_id", "user_id", postgresql_where=TAGGED),
    )

    id: Mapped[ConversationId] = mapped_column(primary_key=True)
    user_id: Mapped[UserId]
    client_id: Mapped[str]
    title: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    branch: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    branches: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    deleted_at: Mapped[datetime | None]
    state: Mapped[Any] = mapped_column(JSONB, nullable=True, default=None)


class Message(Model, OrgScoped, kw_only=True):
    """One message; `seq` is its place. `cut` says that a failure ended it early.

    `untrusted` says that its writer had read what anybody may have written, or is anybody. One that
    was imported is of no run.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("org_id", "conversation_id", "id", name="uq_messages_org_id"),
        Index("ix_messages_words", WORDS, postgresql_using="gin"),
        ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            ondelete="CASCADE",
        ),
    )

    conversation_id: Mapped[ConversationId] = mapped_column(primary_key=True)
    branch: Mapped[int] = mapped_column(Integer, primary_key=True, server_default=text("0"))
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    id: Mapped[str]
    user_id: Mapped[UserId]
    run_id: Mapped[RunId | None]
    role: Mapped[str]
    content: Mapped[str]
    tool_calls: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    tool_call_id: Mapped[str | None]
    citations: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    cut: Mapped[bool] = mapped_column(server_default=text("false"))
    attachments: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    untrusted: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Branch(Model, OrgScoped, kw_only=True):
    """Where a conversation goes another way: after the message `fork`, which is in `parent`.

    `path` are the branches that lead to its end, itself last; `ends` is up to which message each
    of them but the last is followed. Branch 0 has no row.
    """

    __tablename__ = "conversation_branches"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            ondelete="CASCADE",
        ),
    )

    conversation_id: Mapped[ConversationId] = mapped_column(primary_key=True)
    branch: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id: Mapped[UserId]
    parent: Mapped[int] = mapped_column(Integer)
    fork: Mapped[int]
    path: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    ends: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Share(Model, OrgScoped, kw_only=True):
    """A link by which anybody may read a conversation as it stood when the link was made.

    Messages do not change: the path to its last one is all that has to be kept. `digest` is of the
    token, which is known to nobody but those who were given it.
    """

    __tablename__ = "conversation_shares"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("org_id", "digest", name="uq_conversation_shares_org_id"),
        Index("ix_conversation_shares_digest", "digest"),
        Index("ix_conversation_shares_made", "org_id", "conversation_id", "id"),
    )

    id: Mapped[ShareId] = mapped_column(primary_key=True)
    conversation_id: Mapped[ConversationId]
    user_id: Mapped[UserId]
    digest: Mapped[bytes]
    path: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    ends: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    title: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default_factory=clock.now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class Feedback(Model, OrgScoped, kw_only=True):
    """What somebody thinks of a message: 1 is good, -1 is not."""

    __tablename__ = "message_feedback"
    __table_args__ = (
        UniqueConstraint(
            "org_id",
            "conversation_id",
            "message_id",
            "user_id",
            name="uq_message_feedback_org_id",
        ),
        CheckConstraint("rating IN (-1, 1)", name="rating"),
        ForeignKeyConstraint(
            ["org_id", "conversation_id", "message_id"],
            ["messages.org_id", "messages.conversation_id", "messages.id"],
            ondelete="CASCADE",
        ),
    )

    id: Mapped[FeedbackId] = mapped_column(primary_key=True)
    conversation_id: Mapped[ConversationId]
    message_id: Mapped[str]
    user_id: Mapped[UserId]
    run_id: Mapped[RunId | None]
    rating: Mapped[int] = mapped_column(SmallInteger)
    comment: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default_factory=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default_factory=clock.now)
