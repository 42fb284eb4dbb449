"""What the events say: ids and states, never what people or models have written."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from folkmoot.kit.ids import (
    ApprovalId,
    CollectionId,
    DocumentId,
    OrgId,
    RunId,
    ScheduleId,
    TickId,
    UserId,
)
from folkmoot.kit.schema import Schema
from folkmoot.settings.resolver import Level


class EventData(Schema):
    """What one kind of event says."""


class RunTold(EventData):
    """What is said of each run."""

    run_id: RunId
    kind: str = Field(examples=["agent"])
    thread_id: str = Field(
        description="Of an agent's run: its conversation, as its client calls it.",
        examples=["thread-1"],
    )
    client_run_id: str = Field(description="What its client calls it.", examples=["run-1"])
    parent_run_id: RunId | None = Field(examples=[None])
    user_id: UserId


class RunStarted(RunTold):
    state: str = Field(examples=["running"])
    started_at: datetime


class RunEnded(RunTold):
    state: str = Field(examples=["finished"])
    error_code: str | None = Field(examples=[None])
    started_at: datetime | None
    finished_at: datetime


class DocumentSettled(EventData):
    document_id: DocumentId
    collection_id: CollectionId
    revision: int
    external_id: str | None = Field(examples=["handbook"])
    run_id: RunId


class ApprovalAsked(EventData):
    approval_id: ApprovalId
    run_id: RunId
    call_id: str = Field(examples=["call-1"])
    tool: str = Field(examples=["send_mail"])
    user_id: UserId = Field(description="Whose run asks.")
    state: str = Field(examples=["pending"])
    decided_by: UserId | None
    expires_at: datetime


class ScheduleTurned(EventData):
    schedule_id: ScheduleId
    user_id: UserId = Field(description="For whom it asks.")
    paused: str | None = Field(
        description="Why: `asked`, `failures`, `place` or `broken`.", examples=["failures"]
    )
    failures: int = Field(description="In a row.", examples=[5])
    next_run_at: datetime | None


class ScheduleRefused(EventData):
    schedule_id: ScheduleId
    tick_id: TickId
    due_at: datetime
    by_hand: bool = Field(examples=[False])
    error_code: str | None = Field(examples=["budget_exceeded"])


class MemberChanged(EventData):
    user_id: UserId
    role: str = Field(description="Of who has left: what they were.", examples=["member"])
    previous_role: str | None = Field(examples=[None])


class BudgetTouched(EventData):
    limit: str = Field(examples=["500 usd/month"])
    level: Level = Field(examples=[Level.ORGANIZATION])
    unit: str = Field(description="What is counted.", examples=["micro_usd"])
    amount: int = Field(examples=[500_000_000])
    used: int | None = Field(
        description="How much is gone or put aside, where it was looked at.",
        examples=[400_120_000],
    )
    user_id: UserId | None = Field(examples=[None])
    team_id: UUID | None = Field(examples=[None])
    agent: str | None = Field(examples=[None])
    resets_at: datetime | None


class Envelope(Schema):
    """The body of a delivery, as Standard Webhooks has it."""

    type: str = Field(examples=["run.completed"])
    timestamp: datetime = Field(description="When it happened.")
    organization_id: OrgId
    data: dict[str, Any]
