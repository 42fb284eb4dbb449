"""What the approvals slice takes and gives out."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from folkmoot.approvals.states import ApprovalState, Verdict
from folkmoot.kit.ids import ApprovalId, RunId, UserId
from folkmoot.kit.schema import Schema
from folkmoot.settings.groups import Approvers

Note = Annotated[str, Field(max_length=1_000, pattern=r"^[^\x00]*$")]


class ApprovalRead(Schema):
    """A tool call that somebody decides about, with the very arguments that it would be made with.

    `edited` is what somebody has put in their place.
    """

    id: ApprovalId = Field(description="Also the id of AG-UI's interrupt.")
    state: ApprovalState
    run_id: RunId = Field(description="The run that waits for the decision.")
    asked_by: RunId | None = Field(
        description="The run of the sub-agent that has asked, if one has.", examples=[None]
    )
    path: list[str] = Field(
        description="The sub-agents through which it was asked, the outermost first.",
        examples=[[]],
    )
    conversation_id: str = Field(examples=["thread-1"])
    call_id: str = Field(examples=["call-1"])
    requester_id: UserId = Field(description="For whom the run runs.")
    tool: str = Field(examples=["send_mail"])
    description: str = Field(examples=["Sends a letter."])
    parameters: dict[str, Any] = Field(
        description="JSON schema of the arguments.", examples=[{"type": "object"}]
    )
    arguments: dict[str, Any] = Field(examples=[{"to": "ada@example.org"}])
    edited: dict[str, Any] | None = Field(examples=[None])
    why: str = Field(
        description="`untrusted_input` if the agent has read what anybody may have written,"
        " `policy` if each such call is asked for.",
        examples=["untrusted_input"],
    )
    approvers: Approvers
    reason: str | None = Field(description="What was said with the decision.", examples=[None])
    remembered: bool
    decided_by: UserId | None
    decided_at: datetime | None
    expires_at: datetime
    created_at: datetime


class ApprovalDecision(Schema):
    """What somebody says to a call."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "oneOf": [
                {
                    "required": ["arguments"],
                    "properties": {
                        "decision": {"const": Verdict.EDIT},
                        "arguments": {"type": "object"},
                    },
                },
                {
                    "properties": {
                        "decision": {
                            "enum": [each for each in Verdict if each is not Verdict.EDIT]
                        },
                        "arguments": {"type": "null"},
                    }
                },
            ]
        },
    )

    decision: Verdict = Field(examples=[Verdict.APPROVE])
    arguments: dict[str, Any] | None = Field(
        default=None,
        description="With `edit`: all arguments, as the call shall be made.",
        examples=[None],
    )
    reason: Note | None = Field(
        default=None, description="Why; the agent is told if the call is not made."
    )
    remember: bool = Field(
        default=False,
        description="Whether this tool needs no approval for the rest of the conversation, for as"
        " long as this one could have waited.",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.decision is Verdict.EDIT) != (self.arguments is not None):
            message = "Arguments belong to `edit`, and `edit` needs them."
            raise ValueError(message)
        return self


class ApprovalDecided(ApprovalRead):
    """An approval, and what came of the decision."""

    continued_by: RunId | None = Field(
        description="The run that goes on, if nothing else that the first one asked is open."
    )
