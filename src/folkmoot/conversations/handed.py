"""Calls that a turn has handed over to its client, and the results that may be brought for them.

A run that has handed calls over has ended and nothing waits for its client: the next question may
be another one. So a result counts for a call of the last answer on the path that is shown, once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import select

from folkmoot.agents import order
from folkmoot.agents.order import KIND, ClientResult
from folkmoot.conversations import paths
from folkmoot.conversations.errors import CallAnswered, CallNotPending, MessageIdReused
from folkmoot.conversations.models import Conversation, Message
from folkmoot.db.work import Work
from folkmoot.kit.ids import RunId
from folkmoot.runs import service as runs
from folkmoot.runs.models import Run
from folkmoot.runs.states import RunState

MOST_RESULTS: Final = 200
"""Results of one answer's calls: no turn makes more calls."""


@dataclass(frozen=True, slots=True)
class Handed:
    """The run that has come to its end with calls handed over, and those without a result yet.

    That may be another one than has asked for them, where somebody had to decide in between.
    """

    conversation: Conversation
    run: Run
    calls: Sequence[str]


class _Said(NamedTuple):
    """What is looked at of a message."""

    role: str
    run_id: RunId | None
    tool_calls: list[dict[str, Any]] | None
    tool_call_id: str | None


async def hold(work: Work, thread_id: str) -> Conversation | None:
    """Return a conversation of the subject's in which nobody else begins until the work ends."""
    statement = select(Conversation).where(
        Conversation.org_id == work.subject.org_id,
        Conversation.user_id == work.subject.user_id,
        Conversation.client_id == thread_id,
        Conversation.deleted_at.is_(None),
    )
    return (await work.session.scalars(statement.with_for_update(key_share=True))).first()


async def fresh(
    work: Work, conversation: Conversation, results: Sequence[ClientResult], question: str | None
) -> Sequence[ClientResult]:
    """Return the results that a conversation does not have yet.

    Raises:
        MessageIdReused: An id stands for something else, or something new is asked as well.
    """
    asked = [] if question is None else [question]
    statement = select(Message.id, Message.role, Message.tool_call_id).where(
        Message.org_id == conversation.org_id,
        Message.conversation_id == conversation.id,
        Message.id.in_([*(each.message_id for each in results), *asked]),
    )
    known = {row.id: (row.role, row.tool_call_id) for row in await work.session.execute(statement)}
    if question is not None and known.get(question) != ("user", None):
        raise MessageIdReused
    there = [each for each in results if each.message_id in known]
    if any(known[each.message_id] != ("tool", each.tool_call_id) for each in there):
        raise MessageIdReused
    return [each for each in results if each.message_id not in known]


async def owner(
    work: Work, conversation: Conversation | None, results: Sequence[ClientResult]
) -> Handed:
    """Return the run whose calls have come to these results.

    Raises:
        CallNotPending: A call is not this client's to make here, or not any more.
        CallAnswered: It has a result already.
    """
    handed = None if conversation is None else await _handed(work, conversation)
    for each in results:
        if handed is not None and each.tool_call_id in handed.calls:
            continue
        if conversation is not None and await _answered(work, conversation, each.tool_call_id):
            raise CallAnswered(each.tool_call_id)
        raise CallNotPending(each.tool_call_id)
    if handed is None:
        raise CallNotPending
    return handed


async def _handed(work: Work, conversation: Conversation) -> Handed | None:
    """Return what the last answer that is shown has handed over, if it has."""
    tail = await _tail(work, conversation)
    asked = next((row for row in tail if row.role != "tool"), None)
    if asked is None or asked.run_id is None or not asked.tool_calls:
        return None
    run = await runs.hold(work, asked.run_id)
    own = run.kind == KIND and run.user_id == work.subject.user_id
    if not own or run.thread_id != conversation.client_id:
        return None
    offered = {tool.name for tool in order.read(run.input).client_tools}
    there = {row.tool_call_id for row in tail[: tail.index(asked)]}
    calls = [each["id"] for each in asked.tool_calls if each["function"]["name"] in offered]
    last = await _last(work, run)
    return Handed(conversation, last, [call_id for call_id in calls if call_id not in there])


async def _last(work: Work, run: Run) -> Run:
    """Return the run that has gone on last where one was interrupted and decisions were made."""
    while run.state == RunState.INTERRUPTED and not run.waiting:
        further = await runs.continuation(work, run.id)
        if further is None:
            return run
        run = further
    return run


async def _tail(work: Work, conversation: Conversation) -> Sequence[_Said]:
    """Return the last messages that are shown, newest first: an answer and results, at least."""
    path = await paths.of(work, conversation)
    statement = (
        select(Message.role, Message.run_id, Message.tool_calls, Message.tool_call_id)
        .where(
            Message.org_id == conversation.org_id,
            Message.conversation_id == conversation.id,
            path.condition(),
        )
        .order_by(Message.seq.desc())
        .limit(MOST_RESULTS + 1)
    )
    return [_Said(*row) for row in await work.session.execute(statement)]


async def _answered(work: Work, conversation: Conversation, call_id: str) -> bool:
    statement = select(Message.id).where(
        Message.org_id == conversation.org_id,
        Message.conversation_id == conversation.id,
        Message.tool_call_id == call_id,
    )
    return await work.session.scalar(statement.limit(1)) is not None
