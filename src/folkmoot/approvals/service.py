"""Everything that can be asked of approvals, and what is stored of a decision."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, String, cast, select, update
from sqlalchemy.dialects.postgresql import insert

from folkmoot.approvals.asking import digest
from folkmoot.approvals.errors import (
    ApprovalDecided,
    ApprovalExpired,
    ApprovalNotFound,
    ApprovalNotYours,
    EditUnfit,
)
from folkmoot.approvals.models import Approval, ApprovalGrant
from folkmoot.approvals.states import ApprovalState, Verdict
from folkmoot.audit import trail
from folkmoot.db.keyset import Listing, Slice
from folkmoot.db.work import Work
from folkmoot.kit import clock, shape
from folkmoot.kit.ids import ApprovalId, RunId
from folkmoot.kit.page import Asked
from folkmoot.kit.subject import Subject
from folkmoot.runs import service as runs
from folkmoot.runs.models import Run
from folkmoot.settings.groups import Approvers

MANAGE: Final = "approvals:manage"
"""The permission to see and decide what others have asked for."""

FORGOTTEN: Final = {"arguments": "{}", "edited": None, "note": None, "thread_id": ""}
"""What stands where a call has said something that was erased."""

LISTING: Final = Listing("approvals", Approval.id, {"created_at": Approval.id})


@dataclass(frozen=True, slots=True)
class ApprovalFilter:
    """Which approvals to list; what is None does not matter."""

    state: ApprovalState | None = None
    conversation_id: str | None = None
    tool: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody says to a call.

    Attributes:
        arguments: What is to be used instead of the model's arguments, as a whole.
        reason: What the model is told if the call is not made.
        remember: Whether the tool needs no approval for the rest of the conversation.
    """

    verdict: Verdict
    arguments: dict[str, Any] | None = None
    reason: str | None = None
    remember: bool = False


def visible(subject: Subject) -> ColumnElement[bool]:
    """Return the condition that an approval must meet for the subject to see it."""
    here = Approval.org_id == subject.org_id
    return here if MANAGE in subject.permissions else here & (Approval.user_id == subject.user_id)


async def get(work: Work, approval_id: ApprovalId) -> Approval:
    """Return an approval, or fail if the subject cannot see it."""
    statement = select(Approval).where(visible(work.subject), Approval.id == approval_id)
    found = (await work.session.scalars(statement)).first()
    if found is None:
        raise ApprovalNotFound
    return found


async def browse(work: Work, wanted: ApprovalFilter, asked: Asked) -> Slice[Approval]:
    """Return a page of the approvals that the subject can see."""
    statement = select(Approval).where(visible(work.subject))
    if wanted.state is not None:
        statement = statement.where(Approval.state == wanted.state)
    if wanted.conversation_id is not None:
        statement = statement.where(Approval.thread_id == wanted.conversation_id)
    if wanted.tool is not None:
        statement = statement.where(Approval.tool == wanted.tool)
    return await LISTING.slice(work, statement, asked)


async def of_run(work: Work, run_id: RunId) -> Sequence[Approval]:
    """Return all that a run has asked, in the order in which it did, as it stands now."""
    statement = (
        select(Approval)
        .where(Approval.org_id == work.subject.org_id, Approval.run_id == run_id)
        .order_by(Approval.id)
        .execution_options(populate_existing=True)
    )
    return (await work.session.scalars(statement)).all()


async def asked_here(work: Work, thread_id: str, names: Sequence[str]) -> Sequence[Approval]:
    """Return what the subject was asked in a conversation, of what is named; the newest is last."""
    statement = (
        select(Approval)
        .where(
            Approval.org_id == work.subject.org_id,
            Approval.user_id == work.subject.user_id,
            Approval.thread_id == thread_id,
            cast(Approval.id, String).in_(names),
        )
        .order_by(Approval.id)
    )
    return (await work.session.scalars(statement)).all()


async def pending(work: Work, key: str) -> Sequence[ApprovalId]:
    """Return what is to be decided before anything else goes on under a concurrency key."""
    run = await runs.waiting(work, key)
    if run is None:
        return ()
    asked = await of_run(work, run.id)
    return [each.id for each in asked if each.state == ApprovalState.PENDING]


async def decide(work: Work, approval: Approval, decision: Decision) -> None:
    """Store what the subject says to a call; the run that asked is held.

    Raises:
        ApprovalDecided, ApprovalExpired: It is too late.
        ApprovalNotYours: It is somebody else's to approve.
        EditUnfit: The new arguments do not fit.
    """
    if approval.state != ApprovalState.PENDING:
        raise ApprovalDecided(approval.state)
    rejected = decision.verdict is Verdict.REJECT
    if not rejected:
        _demand_in_time(approval)
        _demand_approver(work.subject, approval)
    if decision.verdict is Verdict.EDIT:
        approval.edited = _edited(approval, decision.arguments)
    approval.state = ApprovalState.REJECTED if rejected else ApprovalState.APPROVED
    approval.note = decision.reason
    approval.remember = decision.remember and not rejected
    approval.decided_by, approval.decided_at = work.subject.user_id, clock.now()
    await work.session.flush()
    await trail.record(
        work,
        f"approval.{approval.state}",
        target=("approval", approval.id),
        after={
            "tool": approval.tool,
            "run_id": str(approval.run_id),
            "call_id": approval.call_id,
            "requester_id": str(approval.user_id),
            "edited": approval.edited is not None,
            "remembered": approval.remember,
        },
    )


def _demand_in_time(approval: Approval) -> None:
    if approval.expires_at <= clock.now():
        raise ApprovalExpired


def _demand_approver(subject: Subject, approval: Approval) -> None:
    own, manages = approval.user_id == subject.user_id, MANAGE in subject.permissions
    may = {
        Approvers.REQUESTER: own or manages,
        Approvers.APPROVERS: manages,
        Approvers.OTHERS: manages and not own,
    }
    if not may[Approvers(approval.approvers)]:
        raise ApprovalNotYours(approval.approvers)


def _edited(approval: Approval, arguments: dict[str, Any] | None) -> str:
    faults = shape.faults(approval.parameters, arguments)
    if faults or arguments is None:
        raise EditUnfit(faults or ["They are missing."])
    return orjson.dumps(arguments).decode()


async def remember(work: Work, approval: Approval) -> None:
    """Let the tool of an approval be called without one for the rest of the conversation."""
    values = {
        "digest": digest(approval.tool, approval.description, approval.parameters),
        "granted_by": work.subject.user_id,
        "expires_at": approval.expires_at,
    }
    key = {
        "org_id": approval.org_id,
        "user_id": approval.user_id,
        "thread_id": approval.thread_id,
        "tool": approval.tool,
    }
    statement = insert(ApprovalGrant).values(**key, **values)
    await work.session.execute(
        statement.on_conflict_do_update(index_elements=list(key), set_=values)
    )


async def close(
    work: Work, approvals: Iterable[Approval], state: ApprovalState, run: Run | None = None
) -> None:
    """Decide what nobody has decided: nothing is done, and the conversation goes on without it."""
    for approval in approvals:
        if approval.state in {ApprovalState.PENDING, ApprovalState.APPROVED}:
            approval.state = state
            await trail.record(work, f"approval.{state}", target=("approval", approval.id))
    await work.session.flush()
    if run is not None:
        await runs.release(work, run)


async def withdraw(work: Work, key: str) -> None:
    """Close what waits under a concurrency key, because there is nothing more to go on with."""
    run = await runs.waiting(work, key)
    if run is not None:
        await close(work, await of_run(work, run.id), ApprovalState.WITHDRAWN, run)


async def forget(work: Work, run_ids: Sequence[RunId]) -> None:
    """Take out what the calls of runs say; that something was decided stays."""
    await work.session.execute(
        update(Approval)
        .where(Approval.org_id == work.subject.org_id, Approval.run_id.in_(run_ids))
        .values(FORGOTTEN)
    )
