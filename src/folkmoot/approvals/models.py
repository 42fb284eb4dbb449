"""Tables of the approvals slice."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.approvals.states import ApprovalState
from folkmoot.db.model import Model, OrgScoped
from folkmoot.kit.ids import ApprovalId, RunId, UserId
from folkmoot.settings.groups import Approvers


class Approval(Model, OrgScoped, kw_only=True):
    """A tool call that somebody has to decide about.

    `run_id` is the run that waits. If a sub-agent has asked, `asked_by` is the run of that one, and
    `path` names those through which it was asked, the outermost first. `arguments` is what the
    model wrote, `edited` what somebody made of it; both are JSON text. `parameters` is the schema
    that they have to fit.
    """

    __tablename__ = "approvals"
    __table_args__ = (
        UniqueConstraint("org_id", "run_id", "call_id", name="uq_approvals_call"),
        ForeignKeyConstraint(
            ["org_id", "run_id"],
            ["runs.org_id", "runs.id"],
            name="fk_approvals_runs",
            ondelete="CASCADE",
        ),
        Index("ix_approvals_state", "org_id", "state", "id"),
        Index("ix_approvals_user", "org_id", "user_id", "id"),
        Index("ix_approvals_expiring", "expires_at", postgresql_where=text("state = 'pending'")),
    )

    id: Mapped[ApprovalId] = mapped_column(primary_key=True)
    run_id: Mapped[RunId]
    call_id: Mapped[str]
    user_id: Mapped[UserId]
    thread_id: Mapped[str]
    tool: Mapped[str]
    description: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    arguments: Mapped[str]
    reason: Mapped[str]
    approvers: Mapped[Approvers] = mapped_column(Text)
    state: Mapped[ApprovalState] = mapped_column(Text)
    edited: Mapped[str | None]
    note: Mapped[str | None]
    remember: Mapped[bool] = mapped_column(server_default=text("false"))
    decided_by: Mapped[UserId | None]
    decided_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    asked_by: Mapped[RunId | None]
    path: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))


class ApprovalGrant(Model, OrgScoped, kw_only=True):
    """A tool that somebody has approved for the rest of a conversation, as it was then."""

    __tablename__ = "approval_grants"

    user_id: Mapped[UserId] = mapped_column(primary_key=True)
    thread_id: Mapped[str] = mapped_column(primary_key=True)
    tool: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    granted_by: Mapped[UserId]
    expires_at: Mapped[datetime]
