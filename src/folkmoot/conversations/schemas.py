"""What the conversations slice takes in and gives out."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from folkmoot.kit.ids import RunId

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"

Title = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f\ufeff][^\x00-\x1f\x7f-\x9f]*$",
    ),
]


class ConversationUpdate(BaseModel):
    """What a user may change about a conversation."""

    model_config = ConfigDict(extra="forbid")

    title: Title = Field(examples=["The annual report"])


class ConversationRead(BaseModel):
    """A conversation. `id` is the client's `threadId`; asking under it goes on with it."""

    id: str = Field(examples=["thread-1"])
    title: str = Field(examples=["The annual report"])
    created_at: datetime
    updated_at: datetime = Field(description="When the last question was asked.")
    active_run_id: RunId | None = Field(
        description="The run that is answering now, if one is.", examples=[None]
    )


class MessageRead(BaseModel):
    """One message."""

    id: str = Field(examples=["message-2"])
    role: str = Field(examples=["assistant"])
    content: str = Field(examples=["Revenue grew by 12 % [1]."])
    run_id: RunId
    created_at: datetime
    cut: bool = Field(description="Whether a failure ended the message early.", examples=[False])
    citations: list[dict[str, Any]] = Field(
        description="Passages that the message refers to.",
        examples=[[{"index": 1, "title": "report.pdf", "page": 4, "start": 210, "end": 388}]],
    )
    tool_calls: list[dict[str, Any]] = Field(
        description="Tools that the message asked for.", examples=[[]]
    )
    tool_call_id: str | None = Field(
        description="The call whose result this message is.", examples=[None]
    )
