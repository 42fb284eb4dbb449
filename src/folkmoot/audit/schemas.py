"""What the audit trail gives out."""

from datetime import UTC, datetime
from typing import Any, Final

import orjson
from pydantic import Field

from folkmoot.audit.models import AuditEvent
from folkmoot.kit.ids import ApiKeyId, UserId
from folkmoot.kit.schema import Schema

HASH: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class AuditTarget(Schema):
    """What something was done to."""

    type: str = Field(examples=["api_key"])
    id: str = Field(examples=["019a8f3c-1c7e-7d90-8a4b-6e5f4d3c2b1a"])


class AuditEventRead(Schema):
    """Something that was done. Secrets in its values have been taken out before it was stored."""

    seq: int = Field(description="Its number in the organisation's trail.")
    at: datetime
    action: str = Field(examples=["api_key.created"])
    actor_id: UserId | None = Field(description="The user; null for the deployment itself.")
    api_key_id: ApiKeyId | None = Field(description="The key they used, if it was one.")
    target: AuditTarget | None
    before: dict[str, Any] | None = Field(
        description="What was changed, as it was.", examples=[None]
    )
    after: dict[str, Any] | None = Field(
        description="The same as it is since.", examples=[{"name": "nightly import"}]
    )
    request_id: str | None = Field(examples=["019a8f3c-1c7e-7d90-8a4b-6e5f4d3c2b1b"])
    client_address: str | None = Field(examples=["192.0.2.7"])
    erased: bool = Field(description="Whether personal data have been taken out since.")
    hash: str = Field(description="The chain's head after it, SHA-256.", examples=[HASH])


class AuditVerification(Schema):
    """What following the hash chain of the trail found."""

    intact: bool
    events: int = Field(description="How many events fit.")
    erased: int = Field(description="How many of them have had personal data taken out.")
    truncated: int = Field(
        description="How many older ones were removed when their time was over.", examples=[0]
    )
    head: str = Field(examples=[HASH])
    broken_at: int | None = Field(description="The first event that does not fit.", examples=[None])
    reason: str | None = Field(examples=[None])


def shown(event: AuditEvent) -> AuditEventRead:
    """Return an event as the API shows it."""
    target = None
    if event.target_type is not None and event.target_id is not None:
        target = AuditTarget(type=event.target_type, id=event.target_id)
    return AuditEventRead(
        seq=event.seq,
        at=datetime.fromtimestamp(event.at_ms / 1000, UTC),
        action=event.action,
        actor_id=event.actor_id,
        api_key_id=event.api_key_id,
        target=target,
        before=None if event.before is None else orjson.loads(event.before),
        after=None if event.after is None else orjson.loads(event.after),
        request_id=event.request_id,
        client_address=event.client_address,
        erased=event.salt is None,
        hash=event.hash.hex(),
    )
