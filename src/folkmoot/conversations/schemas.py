"""What the conversations slice takes in and gives out."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, TypeAlias
from uuid import UUID

from pydantic import (
    ConfigDict,
    Field,
    StringConstraints,
)

from folkmoot.agents.definition import OnActiveRun
from folkmoot.kit.fields import Moment
from folkmoot.kit.ids import CollectionId, FeedbackId, RunId, ShareId, UserId
from folkmoot.kit.schema import Change, Schema

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"

MessageId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PRINTABLE)]
RunName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PRINTABLE)]

TEXT: Final = r"^[^\x00]*$"
LONGEST: Final = 200_000
"""Characters of an imported message; an answer may be longer than a question."""

FORMAT: Final = "folkmoot.conversation"
VERSION: Final = 1

Title = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f\ufeff][^\x00-\x1f\x7f-\x9f]*$",
    ),
]

Tag = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=50,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f\ufeff][^\x00-\x1f\x7f-\x9f]*$",
    ),
]
Tags = Annotated[list[Tag], Field(max_length=20)]


LONGEST_QUESTION: Final = 100_000
"""Characters of a question, as over AG-UI."""


class BackgroundRun(Schema):
    """A question that nobody waits for the answer to."""

    model_config = ConfigDict(extra="forbid")

    agent_id: Annotated[str, StringConstraints(min_length=1, max_length=100)] = Field(
        description="The id or slug of the agent.", examples=["chat"]
    )
    input: Annotated[
        str, StringConstraints(max_length=LONGEST_QUESTION, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")
    ] = Field(description="What it is asked.", examples=["What has changed in our documents?"])
    conversation_id: MessageId | None = Field(
        default=None, description="Where it is asked; by default in a new conversation."
    )
    workflow: Annotated[str, StringConstraints(max_length=20)] | None = Field(
        default=None, description="How it is answered: plain, rag, tools or full."
    )
    collection_ids: Annotated[list[CollectionId], Field(max_length=50)] = Field(
        default=[], description="Where it searches."
    )
    model: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        default=None, description="provider:name, if the settings allow it."
    )


class ConversationUpdate(Change):
    """What a user may change about a conversation; what is left out stays."""

    title: Title | None = Field(default=None, examples=["The annual report"])
    tags: Tags | None = Field(default=None, examples=[["reports"]])


class ConversationRead(Schema):
    """A conversation. `id` is the client's `threadId`; asking under it goes on with it."""

    id: str = Field(
        description="One that was deleted has another, by which it can be brought back.",
        examples=["thread-1"],
    )
    title: str = Field(examples=["The annual report"])
    tags: list[str] = Field(examples=[["reports"]])
    created_at: datetime
    updated_at: datetime = Field(description="When the last question was asked.")
    deleted_at: datetime | None = Field(examples=[None])
    restorable_until: datetime | None = Field(
        default=None,
        description="In a list of deleted ones: when it goes for good.",
        examples=[None],
    )
    active_run_id: RunId | None = Field(
        description="The run that is answering now, if one is.", examples=[None]
    )
    snippet: str | None = Field(
        default=None,
        description="In a search: where the words stand, if it is in a message.",
        examples=[None],
    )


class AttachmentRead(Schema):
    """A picture or a file that somebody has sent along; `width` and `height` are a picture's."""

    id: str = Field(examples=["01a22c08-a907-72e0-8413-c0792e82d128"])
    name: str = Field(examples=["lamp.png"])
    media_type: str = Field(examples=["image/png"])
    size: int = Field(description="In bytes.", examples=[48_211])
    width: int | None = Field(default=None, examples=[640])
    height: int | None = Field(default=None, examples=[480])


class WaitingRead(Schema):
    """A message that waits until the run at work has ended, or until that has heard it."""

    run_id: RunId = Field(description="The run that answers it when its turn has come.")
    message_id: str = Field(examples=["message-3"])
    content: str = Field(examples=["And the year before?"])
    attachments: list[AttachmentRead] = Field(examples=[[]])
    on_active_run: OnActiveRun = Field(examples=[OnActiveRun.QUEUE])
    created_at: datetime


class TagRead(Schema):
    """A tag of yours."""

    name: str = Field(examples=["reports"])
    conversations: int = Field(description="How many have it.", examples=[3])


class Rating(StrEnum):
    """Thumbs up or down."""

    GOOD = "good"
    BAD = "bad"


Comment = Annotated[str, StringConstraints(max_length=4_000, pattern=r"^[^\x00]*$")]


class MessageRead(Schema):
    """One message."""

    id: str = Field(examples=["message-2"])
    role: str = Field(examples=["assistant"])
    content: str = Field(examples=["Revenue grew by 12 % [1]."])
    run_id: RunId | None = Field(description="The run that said it; none if it was imported.")
    created_at: datetime
    cut: bool = Field(description="Whether a failure ended the message early.", examples=[False])
    attachments: list[AttachmentRead] = Field(
        default=[], description="What came with the message.", examples=[[]]
    )
    citations: list[dict[str, Any]] = Field(
        description="Passages that the message refers to, each with the `spans` of its"
        " document that bear out what it says; the citation itself is the first one, too. What no"
        " passage bears out is not among them.",
        examples=[
            [
                {
                    "index": 1,
                    "title": "report.pdf",
                    "page": 4,
                    "start": 210,
                    "end": 244,
                    "text": "Revenue grew by 12 % over the year.",
                    "spans": [
                        {
                            "page": 4,
                            "start": 210,
                            "end": 244,
                            "text": "Revenue grew by 12 % over the year.",
                        }
                    ],
                }
            ]
        ],
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
    rating: Rating | None = Field(description="What you think of it.", examples=[None])


class PathChoice(Schema):
    """Which of its paths a conversation shall show."""

    model_config = ConfigDict(extra="forbid")

    message_id: MessageId = Field(description="A message that is on it.", examples=["message-2"])


class ForkAtMessage(Schema):
    """The last message that a new conversation takes over."""

    model_config = ConfigDict(extra="forbid")

    message_id: MessageId = Field(examples=["message-2"])


class ForkAtEvent(Schema):
    """The event of a run's log up to which a new conversation takes over what was said."""

    model_config = ConfigDict(extra="forbid")

    run_id: RunName = Field(description="Ours or the client's id.", examples=["run-1"])
    event: Annotated[int, Field(ge=1, le=2**31 - 1)] = Field(
        description="The event's number in the log.", examples=[7]
    )


ForkCreate: TypeAlias = ForkAtMessage | ForkAtEvent


class ShareCreate(Schema):
    """How long a link counts."""

    model_config = ConfigDict(extra="forbid")

    days: Annotated[int, Field(ge=1, le=365)] = Field(default=30, examples=[30])


class ShareRead(Schema):
    """A link by which anybody may read a conversation as it stood when the link was made."""

    id: ShareId
    title: str = Field(examples=["The annual report"])
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = Field(examples=[None])


class ShareCreated(ShareRead):
    """A link that was just made; its token is shown this once."""

    token: str = Field(examples=["fm_share_…"])
    url: str = Field(examples=["https://folkmoot.example.org/shared#fm_share_…"])


class SharedMessage(Schema):
    """A question with what came with it, or an answer without what it was made from."""

    role: Literal["user", "assistant"]
    content: str = Field(examples=["Revenue grew by 12 %."])
    cut: bool = Field(description="Whether a failure ended the message early.", examples=[False])
    attachments: list[AttachmentRead] = Field(
        description="Pictures and files, to be read under the link.", examples=[[]]
    )


class SharedConversation(Schema):
    """A conversation that somebody has shared, as it stood then."""

    title: str = Field(examples=["The annual report"])
    shared_at: datetime
    messages: list[SharedMessage]
    next_cursor: str | None = Field(
        description="Where the conversation goes on, if it is long.", examples=[None]
    )


class FeedbackWrite(Schema):
    """What somebody thinks of an answer."""

    model_config = ConfigDict(extra="forbid")

    rating: Rating = Field(examples=["good"])
    comment: Comment = Field(default="", examples=["It names its sources."])


class FeedbackRead(Schema):
    """What somebody thinks of an answer, for whoever evaluates agents."""

    id: FeedbackId
    message_id: str = Field(examples=["message-2"])
    run_id: RunId | None = Field(description="The run that gave the answer.")
    user_id: UserId
    rating: Rating = Field(examples=["good"])
    comment: str = Field(examples=["It names its sources."])
    created_at: datetime
    updated_at: datetime


class ImportedFunction(Schema):
    """What a message asked of a tool."""

    name: Annotated[str, StringConstraints(max_length=128, pattern=TEXT)]
    arguments: Annotated[str, StringConstraints(max_length=LONGEST, pattern=TEXT)]


class ImportedCall(Schema):
    """A tool that a message asked for."""

    id: MessageId
    type: Literal["function"] = "function"
    function: ImportedFunction


class ImportedAttachment(Schema):
    """What came with a message as it was exported: what it was, and its bytes if they are there."""

    id: UUID | None = Field(
        default=None, description="Of your own, where it still is: it is found again by it."
    )
    name: Annotated[str, StringConstraints(max_length=200, pattern=TEXT)]
    media_type: Annotated[str, StringConstraints(max_length=100, pattern=PRINTABLE)]
    size: Annotated[int, Field(ge=0, le=2**40)]
    data: Annotated[str, StringConstraints(max_length=8_000_000)] | None = Field(
        default=None, description="In base64."
    )


class ImportedMessage(Schema):
    """A message as it was exported. Runs and passages of documents are not brought along."""

    id: MessageId
    parent_id: MessageId | None = None
    role: Literal["user", "assistant", "tool"]
    content: Annotated[str, StringConstraints(max_length=LONGEST, pattern=TEXT)]
    created_at: Moment
    cut: bool = False
    tool_calls: list[ImportedCall] = Field([], max_length=100)
    tool_call_id: MessageId | None = None
    attachments: list[ImportedAttachment] = Field([], max_length=8)


class ConversationImport(Schema):
    """A conversation as it was exported as JSON; each message after the one it follows."""

    format: Literal["folkmoot.conversation"]
    version: Literal[1]
    title: Title
    tags: Tags = Field([])
    shown: MessageId | None = None
    messages: Annotated[list[ImportedMessage], Field(min_length=1, max_length=5_000)] = Field(
        examples=[
            [
                {
                    "id": "message-1",
                    "role": "user",
                    "content": "What does the report say?",
                    "created_at": "2026-11-21T09:30:00Z",
                }
            ]
        ]
    )
