"""Tables of the audit trail."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.db.model import Model, OrgScoped
from folkmoot.kit.ids import ApiKeyId, UserId


class AuditChain(Model, OrgScoped, kw_only=True):
    """The head of an organisation's chain; its row is locked while an event is appended.

    `truncated_seq` and `truncated_head` are the link up to which the oldest events were removed.
    """

    __tablename__ = "audit_chains"
    __table_args__ = (ForeignKeyConstraint(["org_id"], ["organizations.id"], ondelete="CASCADE"),)

    seq: Mapped[int]
    head: Mapped[bytes]
    truncated_seq: Mapped[int | None] = mapped_column(default=None)
    truncated_head: Mapped[bytes | None] = mapped_column(default=None)
    truncated_at: Mapped[datetime | None] = mapped_column(default=None)


class AuditEvent(Model, OrgScoped, kw_only=True):
    """Something that was done. An erased event keeps `digest` and has lost its salt and texts."""

    __tablename__ = "audit_events"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["audit_chains.org_id"], ondelete="CASCADE"),
        Index("ix_audit_events_actor", "org_id", "actor_id", "seq"),
        Index(
            "ix_audit_events_action",
            "org_id",
            "action",
            "seq",
            postgresql_ops={"action": "text_pattern_ops"},
        ),
        Index("ix_audit_events_target", "org_id", "target_type", "target_id", "seq"),
        Index("ix_audit_events_request", "org_id", "request_id"),
        Index("ix_audit_events_at", "org_id", "at_ms"),
    )

    seq: Mapped[int] = mapped_column(primary_key=True)
    at_ms: Mapped[int]
    action: Mapped[str]
    actor_id: Mapped[UserId | None]
    api_key_id: Mapped[ApiKeyId | None]
    target_type: Mapped[str | None]
    target_id: Mapped[str | None]
    before: Mapped[str | None]
    after: Mapped[str | None]
    request_id: Mapped[str | None]
    client_address: Mapped[str | None]
    salt: Mapped[bytes | None]
    digest: Mapped[bytes]
    hash: Mapped[bytes]


class AuditDelivery(Model, OrgScoped, kw_only=True):
    """How far an organisation's trail has reached a sink."""

    __tablename__ = "audit_deliveries"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["audit_chains.org_id"], ondelete="CASCADE"),
    )

    sink: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int]
    delivered_at: Mapped[datetime]
