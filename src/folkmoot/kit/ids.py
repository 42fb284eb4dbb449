"""Identifier types. Each entity has its own, so that one cannot stand in for another."""

import os
import time
from datetime import UTC, datetime
from typing import Final, NewType
from uuid import UUID

OrgId = NewType("OrgId", UUID)
TeamId = NewType("TeamId", UUID)
UserId = NewType("UserId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)
SessionId = NewType("SessionId", UUID)
ProcessId = NewType("ProcessId", UUID)
RunId = NewType("RunId", UUID)
ConversationId = NewType("ConversationId", UUID)
ShareId = NewType("ShareId", UUID)
FeedbackId = NewType("FeedbackId", UUID)
CollectionId = NewType("CollectionId", UUID)
DocumentId = NewType("DocumentId", UUID)
UploadId = NewType("UploadId", UUID)
ChunkId = NewType("ChunkId", UUID)
GrantId = NewType("GrantId", UUID)
InvitationId = NewType("InvitationId", UUID)
SecretId = NewType("SecretId", UUID)
LetterId = NewType("LetterId", UUID)
SigningKeyId = NewType("SigningKeyId", UUID)
SettingsId = NewType("SettingsId", UUID)
CallId = NewType("CallId", UUID)
AnswerId = NewType("AnswerId", UUID)
CounterId = NewType("CounterId", UUID)
ApprovalId = NewType("ApprovalId", UUID)
AgentId = NewType("AgentId", UUID)
McpServerId = NewType("McpServerId", UUID)
McpRevocationId = NewType("McpRevocationId", UUID)
AttachmentId = NewType("AttachmentId", UUID)
WebhookId = NewType("WebhookId", UUID)
WebhookEventId = NewType("WebhookEventId", UUID)
WebhookDeliveryId = NewType("WebhookDeliveryId", UUID)
ScheduleId = NewType("ScheduleId", UUID)
TickId = NewType("TickId", UUID)
MemoryId = NewType("MemoryId", UUID)
LabelledSetId = NewType("LabelledSetId", UUID)
EvaluationId = NewType("EvaluationId", UUID)

ALL: Final = (
    OrgId,
    TeamId,
    UserId,
    ApiKeyId,
    SessionId,
    ProcessId,
    RunId,
    ConversationId,
    ShareId,
    FeedbackId,
    CollectionId,
    DocumentId,
    UploadId,
    ChunkId,
    GrantId,
    InvitationId,
    SecretId,
    LetterId,
    SigningKeyId,
    SettingsId,
    CallId,
    AnswerId,
    CounterId,
    ApprovalId,
    AgentId,
    McpServerId,
    McpRevocationId,
    AttachmentId,
    WebhookId,
    WebhookEventId,
    WebhookDeliveryId,
    ScheduleId,
    TickId,
    MemoryId,
    LabelledSetId,
    EvaluationId,
)


def new_id() -> UUID:
    """Return a fresh UUIDv7 (RFC 9562, section 5.7): ordered by the millisecond it was made in."""
    milliseconds = time.time_ns() // 1_000_000
    noise = int.from_bytes(os.urandom(10))
    return UUID(
        int=milliseconds << 80
        | 0x7 << 76
        | (noise >> 68) << 64
        | 0b10 << 62
        | noise & ((1 << 62) - 1)
    )


def made_at(id_: UUID) -> datetime:
    """Return when an id was made, which stands in it (RFC 9562, section 5.7)."""
    return datetime.fromtimestamp((id_.int >> 80) / 1000, UTC)
