"""Going on with a turn whose client has made calls, with what came of them.

The run that goes on is told what the one before it was told, but for what the request brings along:
results, tools, what its application knows, and their state.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec
from sqlalchemy import func, update

from folkmoot.agents import order
from folkmoot.agents.order import AgentOrder, ClientResult, ClientTool, ContextItem
from folkmoot.approvals import service as approvals
from folkmoot.approvals.errors import ApprovalsPending
from folkmoot.conversations import handed
from folkmoot.conversations.errors import CallNotPending, ResultsMissing
from folkmoot.conversations.handed import Handed
from folkmoot.conversations.models import Conversation
from folkmoot.conversations.opened import Opened
from folkmoot.db.work import Database, Work
from folkmoot.kit.ids import RunId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs import service as runs
from folkmoot.runs.cleaning import cleaned, encoded
from folkmoot.runs.errors import RunActive, RunIdReused
from folkmoot.runs.opening import NewRun
from folkmoot.runs.states import ACTIVE, RunState
from folkmoot.runs.supervisor import Supervisor

Clean = Callable[[str], str]
BROUGHT: Final = msgspec.json.Decoder(
    tuple[tuple[ClientResult, ...], tuple[ClientTool, ...], tuple[ContextItem, ...], Any]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What a request brings to a turn that goes on; `state` is None if it says nothing of it."""

    results: tuple[ClientResult, ...] = ()
    tools: tuple[ClientTool, ...] = ()
    context: tuple[ContextItem, ...] = ()
    state: Any = None

    def joined(self, before: AgentOrder, clean: Clean) -> AgentOrder:
        """Return what a run was told with this in the place of what it had, without secrets."""
        told = encoded([self.results, self.tools, self.context, self.state])
        results, tools, context, state = BROUGHT.decode(cleaned(told, clean))
        return msgspec.structs.replace(
            before, results=results, client_tools=tools, context=context, state=state
        )


NOTHING: Final = Brought()


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A request that goes on with a turn; `message_id` is the last question that it tells."""

    agent: str
    thread_id: str
    run_id: str
    message_id: str
    brought: Brought = field(default_factory=Brought)
    fingerprint: bytes = b""


@dataclass(frozen=True, slots=True)
class Returning:
    """Opens runs that go on with what clients have made of calls."""

    database: Database
    supervisor: Supervisor

    async def open(self, subject: Subject, wanted: Return) -> Opened | None:
        """Start the run that goes on, or find the one that does; None if nothing new is brought.

        Raises:
            CallNotPending, CallAnswered: See `handed.owner`.
            ResultsMissing: Other calls have no result; nothing goes on with a part of them.
            ApprovalsPending: Decisions come first.
            MessageIdReused: An id stands for something else, or something new is asked as well.
            RunActive, RunIdReused: Another run stands in its way.
        """
        self.supervisor.admit()
        process_id = self.supervisor.process_id
        async with self.database.work(subject) as work:
            conversation = await handed.hold(work, wanted.thread_id)
            known = await runs.own(work, wanted.run_id)
            if known is not None and known.fingerprint != wanted.fingerprint:
                raise RunIdReused
            if known is not None:
                return Opened(known.id, begun=False)
            results: Sequence[ClientResult] = wanted.brought.results
            if conversation is not None:
                results = await handed.fresh(work, conversation, results, wanted.message_id)
            if not results:
                return None
            owner = await handed.owner(work, conversation, results)
            new = await self._new(work, wanted, owner, tuple(results))
            await runs.store(work, new, process_id)
            await work.session.execute(
                update(Conversation)
                .where(
                    Conversation.org_id == subject.org_id,
                    Conversation.id == owner.conversation.id,
                )
                .values(updated_at=func.now())
            )
        self.supervisor.begin(new, process_id=process_id)
        return Opened(new.id, begun=True)

    async def _new(
        self, work: Work, wanted: Return, owner: Handed, results: tuple[ClientResult, ...]
    ) -> NewRun:
        run, brought = owner.run, replace(wanted.brought, results=results)
        await _demand_end(work, owner, results)
        before = order.read(run.input)
        if before.agent != wanted.agent:
            raise CallNotPending
        told = brought.joined(before, self.supervisor.filters_of(run.input).text)
        told = msgspec.structs.replace(told, ancestors=(*before.ancestors, str(run.id)))
        return NewRun(
            id=RunId(new_id()),
            kind=run.kind,
            input=told.stored(),
            client_id=wanted.run_id,
            thread_id=run.thread_id,
            fingerprint=wanted.fingerprint,
            concurrency_key=run.concurrency_key,
            subject=work.subject,
            parent_run_id=run.id,
        )


async def _demand_end(work: Work, owner: Handed, results: Sequence[ClientResult]) -> None:
    """Fail unless a run has come to its end, and all that it has handed over is brought."""
    run = owner.run
    if run.state in ACTIVE:
        raise RunActive
    if run.waiting:
        raise ApprovalsPending(await approvals.pending(work, run.concurrency_key or ""))
    if run.state != RunState.FINISHED:
        raise CallNotPending
    there = {each.tool_call_id for each in results}
    missing = [call_id for call_id in owner.calls if call_id not in there]
    if missing:
        raise ResultsMissing(missing)
