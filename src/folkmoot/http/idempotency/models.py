"""The table of idempotency keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.db.model import Model, OrgScoped


class IdempotencyKey(Model, OrgScoped, kw_only=True):
    """A key of an organisation, and what it was answered; none while it is in flight.

    `name` and `fingerprint` are digests that need the deployment's secret key, and the answer is
    encrypted: passwords come in by such requests, and API keys go out.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_expires_at", "org_id", "expires_at"),)

    name: Mapped[bytes] = mapped_column(primary_key=True)
    claim: Mapped[UUID] = mapped_column(Uuid)
    leased_until: Mapped[datetime | None]
    fingerprint: Mapped[bytes | None]
    answer: Mapped[bytes | None]
    expires_at: Mapped[datetime]
