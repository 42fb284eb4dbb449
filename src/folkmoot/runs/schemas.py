"""What the runs slice gives out."""

from datetime import datetime
from typing import Any, Final

from pydantic import Field

from folkmoot.kit.ids import RunId
from folkmoot.kit.schema import Schema
from folkmoot.runs.states import RunState

HASH: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class RunError(Schema):
    """Why a run failed."""

    code: str = Field(examples=["model_unavailable"])
    detail: str = Field(examples=["openai:gpt does not answer."])


class RunRead(Schema):
    """A run. `events` and `head` are known once it has ended."""

    id: RunId
    client_id: str = Field(description="The run's id as its client gave it.", examples=["run-1"])
    kind: str = Field(examples=["agent"])
    state: RunState = Field(examples=[RunState.FINISHED])
    agent: str | None = Field(examples=["chat"])
    conversation_id: str | None = Field(examples=["thread-1"])
    input: dict[str, Any] = Field(examples=[{"agent": "chat", "conversation_id": "thread-1"}])
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempt: int = Field(description="How often a process has taken it up.")
    parent_run_id: RunId | None = Field(
        description="The run that it continues, or that has begun it.", examples=[None]
    )
    parent_call_id: str | None = Field(
        description="The tool call of that run for which it was begun.", examples=[None]
    )
    error: RunError | None = Field(examples=[None])
    usage: list[dict[str, Any]] = Field(
        description="Tokens by provider and model.",
        examples=[[{"provider": "openai", "model": "gpt", "inputTokens": 812, "outputTokens": 64}]],
    )
    events: int | None = Field(description="Length of the log.")
    head: str | None = Field(
        description="Head of the log's hash chain, SHA-256 in hexadecimal.", examples=[HASH]
    )


class CallRead(Schema):
    """A tool call."""

    id: str = Field(examples=["call-1"])
    name: str = Field(examples=["send_mail"])
    started_at: datetime


class RunDetails(RunRead):
    """A run, and what somebody should look at."""

    needs_review: list[CallRead] = Field(
        description="Tool calls of which it is not known whether they took effect.", examples=[[]]
    )


class EventRead(Schema):
    """One event of a log as an AG-UI client sees it; `id` is its number in the log."""

    id: int
    event: dict[str, Any] = Field(
        examples=[{"type": "TEXT_MESSAGE_CONTENT", "messageId": "message-2", "delta": "Revenue"}]
    )


class LogEventRead(Schema):
    """One event of a log as it is stored; `at` is when it was committed."""

    seq: int
    type: str = Field(examples=["message.delta"])
    payload: dict[str, Any] | None = Field(
        examples=[{"messageId": "message-2", "delta": "Revenue"}]
    )
    at: datetime
    hash: str = Field(examples=[HASH])


class Verification(Schema):
    """What following a run's hash chain found."""

    run_id: RunId
    intact: bool
    events: int = Field(description="How many events fit.")
    erased: int = Field(description="How many of them have had their payload erased.")
    head: str = Field(examples=[HASH])
    broken_at: int | None = Field(description="The first event that does not fit.", examples=[None])
    reason: str | None = Field(examples=[None])
