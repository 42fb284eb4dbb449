"""What the conversations slice takes in and gives out."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from folkmoot.kit.ids import RunId

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"

MessageId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PRINTABLE)]
RunName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PRINTABLE)]

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
    parent_id: str | None = Field(
        description="The message that it follows; null for the first.", examples=["message-1"]
    )
    siblings: list[str] = Field(
        description="Where ways part before it: the messages that stand in its place, itself among"
        " them, in the order in which they came.",
        examples=[["message-2", "message-5"]],
    )
    children: list[str] = Field(
        description="Where ways part after it: the messages that follow it.", examples=[[]]
    )


class PathChoice(BaseModel):
    """Which of its paths a conversation shall show."""

    model_config = ConfigDict(extra="forbid")

    message_id: MessageId = Field(description="A message that is on it.", examples=["message-2"])


class ForkCreate(BaseModel):
    """Up to where a new conversation takes over what was said."""

    model_config = ConfigDict(extra="forbid")

    message_id: MessageId | None = Field(
        default=None, description="The last message it takes over.", examples=["message-2"]
    )
    run_id: RunName | None = Field(
        default=None, description="The run whose event is the last; ours or the client's id."
    )
    event: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="The event's number in the run's log."
    )

    @model_validator(mode="after")
    def _one_point(self) -> Self:
        """Take a message or an event of a run, not both and not half of one."""
        of_run = (self.run_id is not None) + (self.event is not None)
        if of_run != (2 if self.message_id is None else 0):
            raise PydanticCustomError("point", "Give message_id, or run_id and event")
        return self
