"""Tables of the agents that organisations make."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.db.model import Model, OrgScoped, Stamped
from folkmoot.kit import clock
from folkmoot.kit.ids import AgentId, UserId, new_id


class Agent(Model, OrgScoped, Stamped, kw_only=True):
    """An agent of an organisation: what it is called, and how many versions it has had."""

    __tablename__ = "agents"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"], ondelete="CASCADE"),
        Index(
            "uq_agents_slug",
            "org_id",
            "slug",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[AgentId] = mapped_column(primary_key=True, default_factory=lambda: AgentId(new_id()))
    slug: Mapped[str]
    name: Mapped[str]
    description: Mapped[str]
    latest: Mapped[int] = mapped_column(Integer, default=0)
    created_by: Mapped[UserId]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class AgentVersion(Model, OrgScoped, kw_only=True):
    """What makes an agent, once and for all: nobody who serves may change or delete a version."""

    __tablename__ = "agent_versions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "agent_id"], ["agents.org_id", "agents.id"], ondelete="CASCADE"
        ),
    )

    agent_id: Mapped[AgentId] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[dict[str, Any]]
    note: Mapped[str]
    created_by: Mapped[UserId]
    created_at: Mapped[datetime] = mapped_column(default_factory=clock.now)


class AgentLabel(Model, OrgScoped, kw_only=True):
    """Which version a label stands for."""

    __tablename__ = "agent_labels"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "agent_id", "number"],
            ["agent_versions.org_id", "agent_versions.agent_id", "agent_versions.number"],
            ondelete="CASCADE",
        ),
    )

    agent_id: Mapped[AgentId] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer)
