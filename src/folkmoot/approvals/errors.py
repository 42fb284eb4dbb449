"""Failures the approvals slice can report."""

from collections.abc import Sequence

from folkmoot.kit.errors import Busy, Conflict, Forbidden, Invalid, NotFound
from folkmoot.kit.ids import ApprovalId


class ApprovalNotFound(NotFound):
    code = "approval_not_found"

    def __init__(self) -> None:
        super().__init__("No approval with this id is visible to you.")


class ApprovalDecided(Conflict):
    code = "approval_decided"

    def __init__(self, state: str) -> None:
        super().__init__("This has been decided already.", state=state)


class ApprovalTooEarly(Busy):
    """The run that asks has not come to its end yet."""

    code = "approval_too_early"

    def __init__(self) -> None:
        super().__init__("This can be decided in a moment.", retry_after=1)


class ApprovalExpired(Conflict):
    code = "approval_expired"

    def __init__(self) -> None:
        super().__init__("It is too late to approve this; it can still be rejected.")


class ApprovalNotYours(Forbidden):
    """The policy lets others decide."""

    code = "approval_not_yours"

    def __init__(self, approvers: str) -> None:
        super().__init__("Somebody else has to approve this.", approvers=approvers)


class ApprovalsPending(Conflict):
    """A conversation waits for decisions; nothing new is asked in it until they are made."""

    code = "approvals_pending"

    def __init__(self, ids: Sequence[ApprovalId]) -> None:
        super().__init__(
            "This conversation waits for decisions about tool calls.",
            interrupts=[str(each) for each in ids],
        )


class RequesterGone(Conflict):
    """Nobody goes on for whom the call would be made."""

    code = "requester_gone"

    def __init__(self) -> None:
        super().__init__("Whoever has asked for this may not do so any more.")


class EditUnfit(Invalid):
    """The arguments that somebody wants instead do not fit what the tool takes."""

    code = "tool_arguments_invalid"

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(
            "The arguments do not fit what the tool takes.",
            errors=[{"pointer": "/arguments", "detail": fault} for fault in faults],
        )
