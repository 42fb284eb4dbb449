"""Going on where a run was interrupted, with the answers that its client brings along.

That is AG-UI's way of deciding: the run that carries the answers is the one that continues.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec
import structlog

from folkmoot.approvals import service as approvals
from folkmoot.approvals.deciding import Continuation, Deciding
from folkmoot.approvals.errors import ApprovalDecided, ApprovalNotFound
from folkmoot.approvals.service import Decision
from folkmoot.approvals.states import Verdict
from folkmoot.conversations.errors import MessageIdReused
from folkmoot.conversations.turns import Opened
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
    """A run that continues an interrupted one; `message_id` is the last question that is told."""

    agent_id: str
    thread_id: str
    run_id: str
    message_id: str | None
    answers: tuple[Answer, ...]


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
        """
        demand(subject, DECIDE)
        fingerprint = sha256(msgspec.json.encode(wanted)).digest()
        known = await self._known(subject, wanted, fingerprint)
        if known is not None:
            return Opened(known, begun=False)
        run_id, decisions = await self._asked(subject, wanted)
        new = await self.deciding.settle(
            subject, run_id, decisions, Continuation(wanted.run_id, fingerprint), whole=True
        )
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


def _warn(answers: Mapping[str, Answer], known: Sequence[ApprovalId]) -> None:
    strange = set(answers) - {str(each) for each in known}
    if strange:
        log.warning("resume.unrecognised", interrupts=len(strange))
