"""What becomes of a question, and what can be said to it."""

from enum import StrEnum


class ApprovalState(StrEnum):
    """Where a question stands; whoever edits the arguments approves what they have made of them."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """The conversation was deleted, or the run has ended otherwise and will not go on with it."""


class Verdict(StrEnum):
    """What somebody says to a call."""

    APPROVE = "approve"
    EDIT = "edit"
    REJECT = "reject"
