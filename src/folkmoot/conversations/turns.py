"""Opening a turn: the one path that every question takes, in one round trip to the database.

The last user message of a request is the turn's question. The server's own copy of the
conversation is what the agent sees; a client may send the whole of it or only the question, and
brings what was said before where that is new here. A message is known by its id: asking a known one
again answers it again, from what stood before it, and what does not follow the last message begins
a branch where it stands. What was said before stays, in the branch in which it was said.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, LiteralString, TypeVar

import msgspec
from psycopg import errors
from psycopg.types.json import Jsonb
from sqlalchemy.exc import IntegrityError

from folkmoot.agents import order
from folkmoot.agents.definition import AgentDefinition, OnActiveRun, Workflow
from folkmoot.agents.errors import WorkflowUnknown
from folkmoot.agents.order import (
    KIND,
    PASSAGES,
    AgentOrder,
    Waiting,
)
from folkmoot.agents.ports import Models, Opening
from folkmoot.agents.registry import AgentRegistry
from folkmoot.agents.ways import READ_DOCUMENTS
from folkmoot.approvals import service as approvals
from folkmoot.approvals.errors import ApprovalsPending
from folkmoot.conversations import statements, waiting
from folkmoot.conversations.attaching.keeping import Attachments, reference, referring
from folkmoot.conversations.errors import (
    FilesNotTaken,
    MessageIdReused,
    MessageNotFound,
    PicturesNotTaken,
)
from folkmoot.conversations.history import MOST_MESSAGES, opening
from folkmoot.conversations.opened import Opened
from folkmoot.conversations.question import Beginning, EarlierMessage, Question
from folkmoot.conversations.returning import NOTHING, Return, Returning
from folkmoot.conversations.statements import Start
from folkmoot.conversations.titles import title
from folkmoot.conversations.tuning import tuning
from folkmoot.conversations.waiting import concurrency_key
from folkmoot.db.work import Database
from folkmoot.http.access import demand
from folkmoot.kit.ids import CollectionId, ProcessId, RunId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs import service as runs
from folkmoot.runs.cleaning import cleaned, encoded
from folkmoot.runs.errors import RunActive, RunIdReused
from folkmoot.runs.filters import PERSONAL
from folkmoot.runs.opening import (
    INSERT_RUN,
    QUEUE_RUN,
    TELL_WORKERS,
    NewRun,
    clash,
    parameters,
)
from folkmoot.runs.supervisor import Supervisor
from folkmoot.settings.groups import SearchMode
from folkmoot.settings.service import Settings
from folkmoot.usage.accounts import Accounts
from folkmoot.usage.budgets import Door
from folkmoot.usage.limits import Asker

T = TypeVar("T")

ATTEMPTS: Final = 3
"""How often a turn is opened that found another one at work, which had ended a moment later."""

CollectionCheck = Callable[[Subject, Sequence[CollectionId]], Awaitable[None]]
"""Fails unless the subject can see every one of these collections."""


@dataclass(frozen=True, slots=True)
class Turns:
    """Opens turns.

    Args:
        searchable: A query for one boolean: whether the subject has documents to search.
    """

    database: Database
    supervisor: Supervisor
    registry: AgentRegistry
    models: Models
    check_collections: CollectionCheck
    settings: Settings
    accounts: Accounts
    attachments: Attachments
    searchable: LiteralString = statements.NOTHING_SEARCHABLE

    async def open(self, subject: Subject, question: Question) -> Opened:
        """Start the run that answers a question, or find the one that does already.

        Raises:
            AgentNotFound, VersionNotFound, AgentNotPublished, AgentUnavailable, WorkflowUnknown,
            ModelUnknown: the choice can not be met.
            ModelNotAllowed, FeatureOff: it may not be met.
            RunActive: another run answers in this conversation, and this one was not to wait.
            LineFull: so do others already.
            ApprovalsPending: one that has asked for decisions waits for them.
            RunIdReused, MessageIdReused: the client's id stands for something else.
            MessageNotFound: the message that it was to follow is not there.
            BudgetExceeded: Nothing is left of a limit.
            CallNotPending, CallAnswered, ResultsMissing: Results do not fit; see `Returning`.
        """
        if question.results:
            opened = await self._go_on(subject, question)
            if opened is not None:
                return opened
        new, door, question = await self._new(subject, question)
        self.supervisor.admit()
        process_id = self.supervisor.process_id
        told = await self._opened(new, question, process_id, door)
        if isinstance(told, Opened):
            return told
        self.supervisor.begin(new, context=told, process_id=process_id)
        return Opened(new.id, begun=True)

    async def _go_on(self, subject: Subject, question: Question) -> Opened | None:
        """Go on with a turn whose calls the client has made; None if all it brings is known."""
        agent = await self.registry.find(subject, question.agent_id, question.version)
        wanted = Return(
            agent=agent.id,
            thread_id=question.thread_id,
            run_id=question.run_id,
            message_id=question.message_id,
            brought=question.brought,
            fingerprint=question.fingerprint,
        )
        return await Returning(self.database, self.supervisor).open(subject, wanted)

    async def queue(self, subject: Subject, question: Question) -> Opened:
        """Do the same, but let a worker take the run up: nobody waits for its first word."""
        new, door, question = await self._new(subject, question)
        told = await self._opened(new, question, None, door)
        if isinstance(told, Opened):
            return told
        return Opened(new.id, begun=True)

    async def _new(self, subject: Subject, question: Question) -> tuple[NewRun, Door, Question]:
        """Return the run that is asked for, what it has to pass, and what is asked in the end."""
        wanted = await self._order(subject, question)
        fingerprint = question.fingerprint
        if question.given:
            question = await self._kept(subject, question, wanted)
        asker = Asker(wanted.agent, wanted.called)
        door = await self.accounts.door(subject, asker, wanted.model)
        new = NewRun(
            id=RunId(new_id()),
            kind=KIND,
            input=wanted.stored(),
            client_id=question.run_id,
            thread_id=question.thread_id,
            fingerprint=fingerprint,
            concurrency_key=concurrency_key(subject, question.thread_id),
            subject=subject,
        )
        return new, door, question

    async def _kept(self, subject: Subject, question: Question, wanted: AgentOrder) -> Question:
        """Keep what came with a question, if its model is shown it."""
        attached = await self.attachments.kept(subject, question.given)
        models = (wanted.model, *wanted.fallbacks)
        if any(each.text is None for each in attached):
            blind = await self.models.lacking(subject, models, "images")
            if blind is not None:
                raise PicturesNotTaken(blind)
        if any(each.text == "" and each.readable for each in attached):
            lacking = await self.models.lacking(subject, models, "files")
            if lacking is not None or wanted.redact_pii:
                raise FilesNotTaken(lacking or wanted.model)
        return replace(question, attached=tuple(map(reference, attached)))

    async def _opened(
        self, new: NewRun, question: Question, process_id: ProcessId | None, door: Door
    ) -> Opening | Opened:
        """Store a turn and return what it starts from; or else what has become of it instead."""
        for _ in range(ATTEMPTS):
            try:
                async with door.explained():
                    return await self._store(new, question, process_id, door)
            except errors.UniqueViolation as error:
                known = await self._known(new, error)
                if known is not None:
                    return Opened(known, begun=False)
                if await self._waits(new, question):
                    return Opened(new.id, begun=True)
        raise RunActive

    async def _order(self, subject: Subject, question: Question) -> AgentOrder:
        """Check what is asked for; return it as the run will be told, cleaned of secrets."""
        tuned = tuning(await self.settings.of(subject))
        personal = bool(tuned.guardrails.redact_pii)
        clean = self.supervisor.filters_of({PERSONAL: personal}).text
        agent = await self.registry.find(subject, question.agent_id, question.version)
        workflow = _offered(agent, question.workflow)
        asked = tuned.model(question.model, self.settings.features, preferred=agent.model)
        fallbacks = tuned.fallbacks(asked)
        model = await self.models.chat(subject, asked, fallbacks)
        if question.collection_ids or workflow is Workflow.RAG:
            demand(subject, READ_DOCUMENTS)
        if question.collection_ids:
            await self.check_collections(subject, question.collection_ids)
        told = AgentOrder(
            agent=agent.id,
            called=agent.slug,
            version=agent.version,
            conversation_id=question.thread_id,
            message_id=question.message_id,
            model=model.name,
            fallbacks=fallbacks,
            workflow=workflow,
            collection_ids=tuple(map(str, question.collection_ids)) or agent.collection_ids,
            rules=tuned.rules,
            passages=tuned.retrieval.k or PASSAGES,
            search_mode=tuned.retrieval.mode or SearchMode.HYBRID,
            temperature=_first(agent.temperature, tuned.models.temperature),
            max_tokens=_first(agent.max_tokens, tuned.models.max_output_tokens),
            redact_pii=personal,
            reuse=None if question.given else tuned.reuse(agent.response_cache),
            on_active_run=question.on_active_run or agent.on_active_run,
            memory=question.by_owner(subject),
        )
        brought = replace(question.brought, results=())
        return told if brought == NOTHING else brought.joined(told, clean)

    async def _store(
        self, new: NewRun, question: Question, process_id: ProcessId | None, door: Door
    ) -> Opening:
        clean = self.supervisor.filters_of(new.input).text
        text = clean(question.text)
        values = parameters(new, process_id) | {
            "conversation_id": new_id(),
            "message_id": question.message_id,
            "text": text,
            "title": title(text or ", ".join(each["name"] for each in question.attached)),
            "attachments": Jsonb([*question.attached]) if question.attached else None,
            "limit": MOST_MESSAGES,
        }
        if question.start is Start.EARLIER:
            values["earlier"] = _told(question.earlier, clean)
        elif question.start is Start.MESSAGE:
            values["parent_id"] = question.after
        insert = QUEUE_RUN if process_id is None else INSERT_RUN
        statement = statements.opening(insert, question.start)
        reading = statements.reading(self.searchable)
        try:
            async with self.database.pipelined(new.subject) as connection:
                await connection.execute(statement, values, prepare=True)
                if question.attached:
                    await connection.execute(statements.REFER, referring(values, question.attached))
                await door.ask(connection)
                if process_id is None:
                    await connection.execute(TELL_WORKERS)
                cursor = await connection.execute(reading, values, prepare=True)
        except errors.NotNullViolation as error:
            if error.diag.column_name == "role":
                raise MessageNotFound from None
            raise MessageIdReused from None
        return opening(await cursor.fetchall())

    async def _known(self, new: NewRun, error: errors.UniqueViolation) -> RunId | None:
        """Return the run that this very request has started before; None if another stands here.

        That one is at work: what waits for decisions has to be told them first.
        """
        if clash(error) is None:
            raise error
        async with self.database.work(new.subject) as work:
            known = await runs.own(work, new.client_id)
            waits = await approvals.pending(work, new.concurrency_key or "") if not known else ()
        if waits:
            raise ApprovalsPending(waits)
        if known is None:
            return None
        if known.fingerprint != new.fingerprint:
            raise RunIdReused
        return known.id

    async def _waits(self, new: NewRun, question: Question) -> bool:
        """Have a question wait behind the run at work; false if there is none any more.

        It follows what that says. What its client has of that already does not place it: it may
        have less by now.
        """
        wanted = order.read(new.input)
        if wanted.on_active_run is OnActiveRun.REFUSE:
            raise RunActive
        said = Waiting(
            text=self.supervisor.filters_of(new.input).text(question.text),
            attached=question.attached,
            after=question.after if isinstance(question.after, str) else None,
            first=isinstance(question.after, Beginning),
        )
        try:
            async with self.database.work(new.subject) as work:
                return await waiting.line_up(
                    work, new, msgspec.structs.replace(wanted, waiting=said)
                )
        except IntegrityError:  # the same request, sent twice at once
            return False


def _told(earlier: Sequence[EarlierMessage], clean: Callable[[str], str]) -> str:
    """Return messages as `statements.EARLIER` takes them, cleaned of secrets."""
    rows = [
        {"i": told.id, "l": told.role, "t": told.text, "k": told.tool_calls, "d": told.call_id}
        for told in earlier
    ]
    return cleaned(encoded(rows), clean).decode()


def _first(own: T | None, otherwise: T | None) -> T | None:
    """Return what the agent says, or else what the settings do; zero says something, too."""
    return otherwise if own is None else own


def _offered(agent: AgentDefinition, name: str | None) -> Workflow | None:
    if name is None:
        return None
    if name not in agent.workflows:
        raise WorkflowUnknown(agent.workflows)
    return Workflow(name)
