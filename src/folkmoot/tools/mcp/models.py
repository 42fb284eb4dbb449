"""Tables of the MCP client."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, Uuid
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem

from folkmoot.db.model import Hierarchical, Model, OrgScoped, Stamped
from folkmoot.kit import clock
from folkmoot.kit.ids import McpRevocationId, McpServerId, UserId, new_id


class Transport(StrEnum):
    """How a server is reached."""

    HTTP = "http"
    SSE = "sse"
    STDIO = "stdio"


class Auth(StrEnum):
    """How a server knows whom it answers."""

    NONE = "none"
    NAMED = "secret"
    OAUTH = "oauth"


class McpServer(Model, Hierarchical, Stamped, kw_only=True):
    """A server that an organisation, a team or a user has named.

    `revision` is new whenever another place may answer, or be told another secret: connections and
    what was looked at count for one revision. `about` is what it last said of itself, and `error`
    the code of how the last attempt to list its tools failed.
    """

    __tablename__ = "mcp_servers"

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[SchemaItem, ...]:
        return (
            CheckConstraint("team_id IS NULL OR user_id IS NULL", name="one_level"),
            CheckConstraint(
                "(transport = 'stdio') = (command IS NOT NULL)"
                " AND (transport = 'stdio') = (url IS NULL)",
                name="place",
            ),
            CheckConstraint("(auth = 'secret') = (secret IS NOT NULL)", name="secret"),
            ForeignKeyConstraint(["org_id"], ["organizations.id"], ondelete="CASCADE"),
            ForeignKeyConstraint(
                ["org_id", "team_id"], ["teams.org_id", "teams.id"], ondelete="CASCADE"
            ),
            ForeignKeyConstraint(
                ["org_id", "user_id"],
                ["memberships.org_id", "memberships.user_id"],
                ondelete="CASCADE",
            ),
            Index(
                "uq_mcp_servers_name",
                "org_id",
                "name",
                "team_id",
                "user_id",
                unique=True,
                postgresql_nulls_not_distinct=True,
            ),
        )

    id: Mapped[McpServerId] = mapped_column(
        primary_key=True, default_factory=lambda: McpServerId(new_id())
    )
    name: Mapped[str]
    transport: Mapped[Transport] = mapped_column(Text)
    url: Mapped[str | None]
    command: Mapped[str | None]
    auth: Mapped[Auth] = mapped_column(Text)
    secret: Mapped[str | None]
    header: Mapped[str]
    timeout_seconds: Mapped[int]
    enabled: Mapped[bool]
    created_by: Mapped[UserId]
    revision: Mapped[UUID] = mapped_column(Uuid, default_factory=new_id)
    about: Mapped[dict[str, Any]] = mapped_column(default_factory=dict[str, Any])
    listed_at: Mapped[datetime | None] = mapped_column(default=None)
    error: Mapped[str | None] = mapped_column(default=None)


class McpTool(Model, OrgScoped, Stamped, kw_only=True):
    """A tool as its server describes it; whoever sees the server sees it.

    `fingerprint` is of the description that stands here, `looked_at` of the one that somebody has
    looked at. Only while they are the same can a tool be enabled. `before` is what stood here then.
    """

    __tablename__ = "mcp_tools"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "server_id"],
            ["mcp_servers.org_id", "mcp_servers.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint(
            "NOT enabled OR coalesce(looked_at = fingerprint, false)", name="looked_at"
        ),
    )

    server_id: Mapped[McpServerId] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    description: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    hints: Mapped[dict[str, Any]]
    fingerprint: Mapped[bytes]
    listed_at: Mapped[datetime]
    enabled: Mapped[bool] = mapped_column(default=False)
    approval: Mapped[str | None] = mapped_column(default=None)
    looked_at: Mapped[bytes | None] = mapped_column(default=None)
    before: Mapped[dict[str, Any] | None] = mapped_column(default=None)


class McpRevocation(Model, OrgScoped, kw_only=True):
    """What somebody had granted us and is not needed any more, until it is revoked.

    Triggers put it here as it was sealed for its owner, `user_id`; `kept_as` if it lies elsewhere.
    What has been tried is sealed anew, for nobody: it does not tell any more whose it was.
    """

    __tablename__ = "mcp_revocations"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"], ondelete="CASCADE"),
        Index("ix_mcp_revocations_next_at", "next_at"),
    )

    id: Mapped[McpRevocationId] = mapped_column(
        primary_key=True, default_factory=lambda: McpRevocationId(new_id())
    )
    server_id: Mapped[McpServerId]
    user_id: Mapped[UserId | None] = mapped_column(default=None)
    sealed: Mapped[bytes | None] = mapped_column(default=None, repr=False)
    wrapped_key: Mapped[bytes | None] = mapped_column(default=None, repr=False)
    key_id: Mapped[str | None] = mapped_column(default=None)
    kept_as: Mapped[UUID | None] = mapped_column(Uuid, default=None)
    tried: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(default_factory=clock.now)
