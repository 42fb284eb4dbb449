"""Going on where a run was interrupted, with the answers that its client brings along.

That is AG-UI's way of deciding: the run that carries the answers is the one that continues.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import Any

import msgspec
import structlog

from folkmoot.agents import order
from folkmoot.agents.order import ClientResult
from folkmoot.approvals import service as approvals
from folkmoot.approvals.deciding import Continuation, Deciding
from folkmoot.approvals.errors import ApprovalDecided, ApprovalNotFound
from folkmoot.approvals.service import Decision
from folkmoot.approvals.states import Verdict
from folkmoot.conversations import handed
from folkmoot.conversations.errors import CallNotPending, MessageIdReused
from folkmoot.conversations.opened import Opened
from folkmoot.conversations.returning import Brought
from folkmoot.db.work import Database
from folkmoot.http.access import demand
from folkmoot.kit.ids import ApprovalId, RunId
from folkmoot.kit.subject import Subject
from folkmoot.runs import service as runs
from folkmoot.runs.errors import RunIdReused

DECIDE = "approvals:decide"
ABANDONED = "They did not want to decide."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client answers to an interrupt; None if it is abandoned."""

    interrupt_id: str
    approved: bool | None
    arguments: dict[str, Any] | None = None
    reason: str | None = None
    remember: bool = False

    @property
    def decision(self) -> Decision:
        """The answer as a decision."""
        if self.approved is None:
            return Decision(Verdict.REJECT, reason=ABANDONED)
        if not self.approved:
            return Decision(Verdict.REJECT, reason=self.reason)
        verdict = Verdict.APPROVE if self.arguments is None else Verdict.EDIT
        return Decision(verdict, self.arguments, self.reason, self.remember)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """A run that continues an interrupted one; `message_id` is the last question that is told.

    What it brings along are results of calls that the client has made meanwhile, too.
    """

    agent_id: str
    thread_id: str
    run_id: str
    message_id: str | None
    answers: tuple[Answer, ...]
    brought: Brought = field(default_factory=Brought)


@dataclass(frozen=True, slots=True)
class Resuming:
    """Opens runs that continue others."""

    database: Database
    deciding: Deciding

    async def open(self, subject: Subject, wanted: Resumption) -> Opened:
        """Decide what was asked and start the run that goes on, or find the one that does already.

        Raises:
            ApprovalNotFound: None of the answers is to something that was asked here.
            ApprovalsPending: An answer is missing; nothing is decided.
            MessageIdReused: The client asks something new as well.
            RunIdReused: The client's id stands for something else.
            CallNotPending, CallAnswered: A result is brought for no call of this run.
        """
        demand(subject, DECIDE)
        fingerprint = _fingerprint(wanted)
        known = await self._known(subject, wanted, fingerprint)
        if known is not None:
            return Opened(known, begun=False)
        run_id, decisions = await self._asked(subject, wanted)
        brought = await self._brought(subject, wanted, run_id)
        continuation = Continuation(wanted.run_id, fingerprint, partial(self._told, brought))
        new = await self.deciding.settle(subject, run_id, decisions, continuation, whole=True)
        return Opened(new or run_id, begun=new is not None)

    async def _known(
        self, subject: Subject, wanted: Resumption, fingerprint: bytes
    ) -> RunId | None:
        async with self.database.work(subject) as work:
            known = await runs.own(work, wanted.run_id)
        if known is None:
            return None
        if known.fingerprint != fingerprint:
            raise RunIdReused
        return known.id

    async def _asked(
        self, subject: Subject, wanted: Resumption
    ) -> tuple[RunId, Mapping[ApprovalId, Decision]]:
        """Return the run that has asked, and the decisions by the questions that are known."""
        answers = {answer.interrupt_id: answer for answer in wanted.answers}
        async with self.database.work(subject) as work:
            asked = await approvals.asked_here(work, wanted.thread_id, list(answers))
            if not asked:
                raise ApprovalNotFound
            run = await runs.hold(work, asked[-1].run_id)
        if wanted.message_id not in {None, run.input.get("message_id")}:
            raise MessageIdReused
        ours = [each.id for each in asked if each.run_id == run.id]
        _warn(answers, ours)
        if not run.waiting and any(each.decided_by for each in asked):
            raise ApprovalDecided(asked[-1].state)
        return run.id, {each: answers[str(each)].decision for each in ours}

    async def _brought(self, subject: Subject, wanted: Resumption, run_id: RunId) -> Brought:
        """Return what is brought along, with the results that are new."""
        results: Sequence[ClientResult] = wanted.brought.results
        if not results:
            return wanted.brought
        async with self.database.work(subject) as work:
            conversation = await handed.hold(work, wanted.thread_id)
            if conversation is not None:
                results = await handed.fresh(work, conversation, results, None)
            if results and (await handed.owner(work, conversation, results)).run.id != run_id:
                raise CallNotPending
        return replace(wanted.brought, results=tuple(results))

    def _told(self, brought: Brought, before: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what the run that continues is told; the situation is as it was."""
        told = order.read(dict(before))
        clean = self.deciding.supervisor.filters_of(before).text
        return replace(brought, context=told.context).joined(told, clean).stored()


def _fingerprint(wanted: Resumption) -> bytes:
    """Return what makes a repeated request the same one; its state may have changed."""
    brought = replace(wanted.brought, state=None)
    return sha256(msgspec.json.encode(replace(wanted, brought=brought))).digest()


def _warn(answers: Mapping[str, Answer], known: Sequence[ApprovalId]) -> None:
    strange = set(answers) - {str(each) for each in known}
    if strange:
        log.warning("resume.unrecognised", interrupts=len(strange))
