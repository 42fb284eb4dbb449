"""Deciding, and going on once all that a run has asked is decided.

The last decision makes the run that continues in its own transaction, under this process's lease:
should the process die before it begins, another one takes the run up like any other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

import orjson

from folkmoot.approvals import service
from folkmoot.approvals.errors import (
    ApprovalDecided,
    ApprovalsPending,
    ApprovalTooEarly,
    RequesterGone,
)
from folkmoot.approvals.models import Approval
from folkmoot.approvals.service import Decision
from folkmoot.approvals.states import ApprovalState, Verdict
from folkmoot.audit import trail
from folkmoot.db.work import Database, Work
from folkmoot.kit.errors import Forbidden, NotFound
from folkmoot.kit.ids import ApprovalId, RunId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs import service as runs
from folkmoot.runs.models import Run
from folkmoot.runs.opening import NewRun
from folkmoot.runs.states import ACTIVE, RunState
from folkmoot.runs.supervisor import Supervisor

ANCESTORS: Final = "ancestors"
DECISIONS: Final = "decisions"
"""Where the input of a run names the runs that it continues, and what was decided about calls."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """How the run that continues is called, if its client names it, and what else it is told.

    `told` makes that of what the run was told that it continues.
    """

    client_id: str | None = None
    fingerprint: bytes = b""
    told: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of a decision: the approval, and the run that goes on if it was the last one."""

    approval: Approval
    continued_by: RunId | None


@dataclass(frozen=True, slots=True)
class Deciding:
    """Takes decisions."""

    database: Database
    supervisor: Supervisor

    async def decide(
        self, subject: Subject, approval_id: ApprovalId, decision: Decision
    ) -> Decided:
        """Decide about one call. The run goes on when nothing that it has asked is open any more.

        Raises:
            ApprovalNotFound: There is none that the subject can see.
            ApprovalDecided, ApprovalExpired, ApprovalNotYours, EditUnfit: See `service.decide`.
            RequesterGone: Nobody is there for whom the run could go on.
        """
        async with self.database.work(subject) as work:
            run_id = (await service.get(work, approval_id)).run_id
        new = await self.settle(subject, run_id, {approval_id: decision}, Continuation())
        async with self.database.work(subject) as work:
            return Decided(await service.get(work, approval_id), new)

    async def settle(
        self,
        subject: Subject,
        run_id: RunId,
        decisions: Mapping[ApprovalId, Decision],
        continuation: Continuation,
        *,
        whole: bool = False,
    ) -> RunId | None:
        """Store decisions about a run's calls; return the run that continues it, if one does now.

        Args:
            subject: Who decides.
            run_id: The run that has asked.
            decisions: What is said.
            continuation: How the run that continues is called.
            whole: Whether nothing is stored unless nothing is left open.
        """
        self.supervisor.admit()
        process_id = self.supervisor.process_id
        requester = await self._requester(subject, run_id)
        async with self.database.work(subject) as work:
            run = await runs.hold(work, run_id)
            asked = await service.of_run(work, run_id)
            await _store(work, run, asked, decisions)
            left = [each.id for each in asked if each.state == ApprovalState.PENDING]
            if left and whole:
                raise ApprovalsPending(left)
            if left:
                return None
            new = continuing(run, asked, requester, continuation)
            await runs.release(work, run, continued=True)
            await runs.store(work, new, process_id)
            told = {"run_id": str(new.id), "parent_run_id": str(run.id)}
            await trail.record(work, "run.continued", target=("run", run.id), after=told)
        self.supervisor.begin(new, process_id=process_id)
        return new.id

    async def _requester(self, subject: Subject, run_id: RunId) -> Subject:
        """Return the subject for whom a run goes on, with the rights that they have by now."""
        async with self.database.work(subject) as work:
            run = await runs.hold(work, run_id)
            whose, key_id = (run.org_id, run.user_id, run.scopes), run.key_id
        try:
            return replace(await self.supervisor.subjects(*whose), key_id=key_id)
        except (Forbidden, NotFound):
            raise RequesterGone from None


async def _store(
    work: Work, run: Run, asked: Sequence[Approval], decisions: Mapping[ApprovalId, Decision]
) -> None:
    """Store what is decided. What nobody has decided in time can still be let go."""
    for approval in asked:
        decision = decisions.get(approval.id)
        if decision is None or _stands(approval, decision):
            continue
        await service.decide(work, approval, decision)
        if approval.remember:
            await service.remember(work, approval)
    if not run.waiting:
        if run.state in ACTIVE:  # its end is not on record yet
            raise ApprovalTooEarly
        if run.state != RunState.INTERRUPTED:  # it has failed after one of its sub-agents asked
            raise ApprovalDecided(ApprovalState.WITHDRAWN)
        if await runs.continuation(work, run.id) is not None:
            raise ApprovalDecided(asked[-1].state)


def _stands(approval: Approval, decision: Decision) -> bool:
    """Whether this very decision has been made before, by whomever, or needs none any more."""
    rejected = decision.verdict is Verdict.REJECT
    if approval.state == ApprovalState.APPROVED:
        edited = None if approval.edited is None else orjson.loads(approval.edited)
        return not rejected and edited == decision.arguments
    return rejected and approval.state in {ApprovalState.REJECTED, ApprovalState.EXPIRED}


def continuing(
    run: Run, asked: Sequence[Approval], requester: Subject, continuation: Continuation
) -> NewRun:
    """Return the run that goes on where another one was interrupted."""
    new_run_id = RunId(new_id())
    decided: dict[str, Any] = run.input.get(DECISIONS, {})
    return NewRun(
        id=new_run_id,
        kind=run.kind,
        input={
            **continuation.told(run.input),
            ANCESTORS: [*run.input.get(ANCESTORS, ()), str(run.id)],
            DECISIONS: {**decided, **{each.call_id: told(each) for each in asked}},
        },
        client_id=continuation.client_id or str(new_run_id),
        thread_id=run.thread_id,
        fingerprint=continuation.fingerprint,
        concurrency_key=run.concurrency_key,
        subject=requester,
        parent_run_id=run.id,
    )


def told(approval: Approval) -> dict[str, Any]:
    """Return a decision as the run that continues is told.

    It is bound to the very arguments that were shown: others are not approved.
    """
    return {
        "approved": approval.state == ApprovalState.APPROVED,
        "tool": approval.tool,
        "digest": bound(approval.arguments),
        "arguments": approval.edited,
        "reason": approval.note,
    }


def bound(arguments: str) -> str:
    """Return what stands for arguments in a decision."""
    return sha256(arguments.encode()).hexdigest()
