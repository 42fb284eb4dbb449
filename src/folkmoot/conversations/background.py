"""Turns that nobody waits for: they are opened like any other, and a worker takes them up."""

from folkmoot.conversations.schemas import BackgroundRun
from folkmoot.conversations.turns import Opened, Question, Turns
from folkmoot.kit.ids import new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs import service as runs


async def start(turns: Turns, subject: Subject, data: BackgroundRun, most_waiting: int) -> Opened:
    """Queue the run that answers a question.

    Raises:
        TooManyQueued: So many of the organisation wait already.
        See `Turns.open` for the others.
    """
    async with turns.database.work(subject) as work:
        await runs.demand_room(work, most_waiting)
    name = str(new_id())
    question = Question(
        agent_id=data.agent_id,
        thread_id=data.conversation_id or name,
        run_id=name,
        message_id=name,
        text=data.input,
        workflow=data.workflow,
        collection_ids=tuple(data.collection_ids),
        model=data.model,
    )
    return await turns.queue(subject, question)
