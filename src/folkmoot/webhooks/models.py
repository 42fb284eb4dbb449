"""Tables of webhooks."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKeyConstraint, Index, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.db.model import Model, OrgScoped, Stamped
from folkmoot.kit import clock
from folkmoot.kit.ids import WebhookDeliveryId, WebhookEventId, WebhookId, new_id


class Ended(StrEnum):
    """Why a webhook was switched off by itself."""

    GONE = "gone"
    FAILING = "failing"


class DeliveryState(StrEnum):
    """How far a delivery is. A failed one is not tried again unless somebody asks for it."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Webhook(Model, OrgScoped, Stamped, kw_only=True):
    """An address that an organisation has told what happens.

    Its secrets are sealed together: the one of now, and the one before it that counts
    `previous_until`. `failing_since` is when the first of its failures in a row was.
    """

    __tablename__ = "webhooks"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"], ondelete="CASCADE"),
        Index("ix_webhooks_enabled", "org_id", postgresql_where=text("enabled")),
    )

    id: Mapped[WebhookId] = mapped_column(
        primary_key=True, default_factory=lambda: WebhookId(new_id())
    )
    url: Mapped[str]
    description: Mapped[str]
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    enabled: Mapped[bool]
    ended: Mapped[Ended | None] = mapped_column(Text, default=None)
    failing_since: Mapped[datetime | None] = mapped_column(default=None)
    sealed: Mapped[bytes]
    wrapped_key: Mapped[bytes]
    key_id: Mapped[str]
    previous_until: Mapped[datetime | None] = mapped_column(default=None)


class WebhookEvent(Model, OrgScoped, kw_only=True):
    """What has happened. It is `spread` once its deliveries are made.

    One that is told once in a time stands here until that is over, `keep_until`.
    """

    __tablename__ = "webhook_events"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"], ondelete="CASCADE"),
        Index("ix_webhook_events_waiting", "org_id", postgresql_where=text("NOT spread")),
        Index("ix_webhook_events_at", "org_id", "at"),
    )

    id: Mapped[WebhookEventId] = mapped_column(primary_key=True)
    type: Mapped[str]
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    spread: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    keep_until: Mapped[datetime | None] = mapped_column(default=None)


class WebhookDelivery(Model, OrgScoped, kw_only=True):
    """An event on its way to an address.

    `tried` counts since it was last asked for, `attempts` holds the last ones. Whoever has it in
    hand has the `claim`, and nobody else takes it before `claimed_until`.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("org_id", "webhook_id", "event_id", name="uq_webhook_deliveries_event"),
        ForeignKeyConstraint(
            ["org_id", "webhook_id"],
            ["webhooks.org_id", "webhooks.id"],
            name="fk_webhook_deliveries_webhooks",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["org_id", "event_id"],
            ["webhook_events.org_id", "webhook_events.id"],
            name="fk_webhook_deliveries_events",
            ondelete="CASCADE",
        ),
        Index("ix_webhook_deliveries_event", "org_id", "event_id"),
        Index("ix_webhook_deliveries_list", "org_id", "webhook_id", "id"),
        Index(
            "ix_webhook_deliveries_due",
            "org_id",
            "webhook_id",
            "next_at",
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "ix_webhook_deliveries_claimed",
            "org_id",
            "webhook_id",
            postgresql_where=text("claimed_until IS NOT NULL"),
        ),
    )

    id: Mapped[WebhookDeliveryId] = mapped_column(
        primary_key=True, default_factory=lambda: WebhookDeliveryId(new_id())
    )
    webhook_id: Mapped[WebhookId]
    event_id: Mapped[WebhookEventId]
    state: Mapped[DeliveryState] = mapped_column(Text, default=DeliveryState.PENDING)
    tried: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, default_factory=list[dict[str, Any]]
    )
    next_at: Mapped[datetime] = mapped_column(default_factory=clock.now)
    claim: Mapped[UUID | None] = mapped_column(Uuid, default=None)
    claimed_until: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default_factory=clock.now)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
