"""The kinds of events. Each is declared here and nowhere else.

Triggers note most of them (0039, 0053 and 0074 of `db/migrations`); what leaves no row behind is
published by the room that knows of it (`publishing`). A test sees each of them arrive.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from folkmoot.kit import glob
from folkmoot.webhooks.payloads import (
    ApprovalAsked,
    BudgetTouched,
    DocumentSettled,
    EventData,
    MemberChanged,
    RunEnded,
    RunStarted,
    ScheduleRefused,
    ScheduleTurned,
)


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of event: its name, what it means, what it says."""

    name: str
    means: str
    data: type[EventData]


RUN_STARTED: Final = EventType(
    "run.started", "A run has begun, at once or after it has waited for its turn.", RunStarted
)
RUN_COMPLETED: Final = EventType("run.completed", "A run has come to its good end.", RunEnded)
RUN_FAILED: Final = EventType("run.failed", "A run has failed.", RunEnded)
RUN_CANCELLED: Final = EventType("run.cancelled", "A run was cancelled.", RunEnded)
RUN_INTERRUPTED: Final = EventType(
    "run.interrupted", "A run waits for people to decide about tool calls.", RunEnded
)
DOCUMENT_READY: Final = EventType(
    "document.ready", "A document has been read and is found by searches.", DocumentSettled
)
DOCUMENT_FAILED: Final = EventType(
    "document.failed", "A document could not be read.", DocumentSettled
)
DOCUMENT_DELETED: Final = EventType("document.deleted", "A document is gone.", DocumentSettled)
APPROVAL_REQUESTED: Final = EventType(
    "approval.requested", "A run asks whether it may call a tool.", ApprovalAsked
)
APPROVAL_DECIDED: Final = EventType(
    "approval.decided", "Somebody has approved or rejected a call.", ApprovalAsked
)
APPROVAL_EXPIRED: Final = EventType(
    "approval.expired", "Nobody has decided about a call in time.", ApprovalAsked
)
APPROVAL_WITHDRAWN: Final = EventType(
    "approval.withdrawn",
    "A call is not asked about any more: its conversation is gone, or its run has ended.",
    ApprovalAsked,
)
SCHEDULE_PAUSED: Final = EventType(
    "schedule.paused",
    "A schedule asks no more until it is resumed: somebody said so, it has failed too often in a"
    " row, or its maker has lost their place.",
    ScheduleTurned,
)
SCHEDULE_RESUMED: Final = EventType("schedule.resumed", "A schedule goes on.", ScheduleTurned)
SCHEDULE_REFUSED: Final = EventType(
    "schedule.refused", "A schedule was due, and its run could not begin.", ScheduleRefused
)
MEMBER_JOINED: Final = EventType("member.joined", "Somebody has become a member.", MemberChanged)
MEMBER_REMOVED: Final = EventType(
    "member.removed", "Somebody has left, or was taken out.", MemberChanged
)
MEMBER_ROLE_CHANGED: Final = EventType(
    "member.role_changed", "A member has another role.", MemberChanged
)
BUDGET_WARNING: Final = EventType(
    "budget.warning",
    "Much of a limit is gone. It is told once for each of its periods.",
    BudgetTouched,
)
BUDGET_EXCEEDED: Final = EventType(
    "budget.exceeded",
    "Nothing is left of a limit, and somebody was refused for it. It is told"
    " once for each of its periods.",
    BudgetTouched,
)

ALL: Final = (
    RUN_STARTED,
    RUN_COMPLETED,
    RUN_FAILED,
    RUN_CANCELLED,
    RUN_INTERRUPTED,
    DOCUMENT_READY,
    DOCUMENT_FAILED,
    DOCUMENT_DELETED,
    APPROVAL_REQUESTED,
    APPROVAL_DECIDED,
    APPROVAL_EXPIRED,
    APPROVAL_WITHDRAWN,
    SCHEDULE_PAUSED,
    SCHEDULE_RESUMED,
    SCHEDULE_REFUSED,
    MEMBER_JOINED,
    MEMBER_REMOVED,
    MEMBER_ROLE_CHANGED,
    BUDGET_WARNING,
    BUDGET_EXCEEDED,
)
KNOWN: Final[Mapping[str, EventType]] = {each.name: each for each in ALL}


def unmatched(patterns: Iterable[str]) -> list[str]:
    """Return those patterns that no kind of event is described by."""
    return [each for each in patterns if not any(glob.matches(each, name) for name in KNOWN)]
