"""Tables of the room."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.db.model import Model, OrgScoped
from folkmoot.db.vectors import HalfVector
from folkmoot.kit.ids import AnswerId, RunId, UserId


class CachedAnswer(Model, OrgScoped, kw_only=True):
    """An answer that may be given again, and what it was an answer to.

    `key` is the digest of all that was asked and by whom it may be read, `context` that without the
    question itself. `epoch` and `readable` tell which documents there were, and nothing where none
    were read. `question`, `embedder` and `embedding` are there if it may be given to others like
    it. `user_id` and `run_id` are of the one who was answered first.
    """

    __tablename__ = "cached_answers"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"], ondelete="CASCADE"),
        CheckConstraint(
            "(embedder IS NULL) = (embedding IS NULL) AND (embedder IS NULL) = (question IS NULL)",
            name="similar",
        ),
        Index("uq_cached_answers_key", "org_id", "key", "epoch", "readable", unique=True),
        Index(
            "ix_cached_answers_context",
            "org_id",
            "context",
            postgresql_where=text("embedder IS NOT NULL"),
        ),
        Index("ix_cached_answers_run", "org_id", "run_id"),
        Index(
            "ix_cached_answers_used",
            "org_id",
            "used_at",
            "id",
            postgresql_include=["epoch", "bytes"],
        ),
    )

    id: Mapped[AnswerId] = mapped_column(primary_key=True)
    key: Mapped[bytes]
    context: Mapped[bytes]
    epoch: Mapped[int]
    readable: Mapped[bytes]
    user_id: Mapped[UserId]
    run_id: Mapped[RunId]
    agent: Mapped[str]
    version: Mapped[int]
    model: Mapped[str]
    answer: Mapped[str]
    question: Mapped[str | None]
    embedder: Mapped[str | None]
    embedding: Mapped[str | None] = mapped_column(HalfVector())
    bytes: Mapped[int]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
