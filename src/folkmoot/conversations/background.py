"""Turns that nobody waits for: they are opened like any other, and a worker takes them up."""

from dataclasses import dataclass

from folkmoot.agents.order import KIND
from folkmoot.conversations.opened import Opened
from folkmoot.conversations.question import Question
from folkmoot.conversations.schemas import BackgroundRun
from folkmoot.conversations.turns import Turns
from folkmoot.kit.ids import new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs import service as runs


@dataclass(frozen=True, slots=True)
class Background:
    """Queues turns; at most so many of one organisation wait for a worker."""

    turns: Turns
    most_waiting: int

    async def demand_agent(self, subject: Subject, data: BackgroundRun) -> None:
        """Fail if there is nobody to ask.

        Raises:
            AgentNotFound, AgentNotPublished: So it is.
        """
        await self.turns.registry.find(subject, data.agent_id, None)

    async def start(
        self, subject: Subject, data: BackgroundRun, *, name: str | None = None
    ) -> Opened:
        """Queue the run that answers a question, or find the one that has this name already.

        Raises:
            TooManyQueued: So many of the organisation wait already.
            AppError: Whatever `Turns.open` refuses.
        """
        async with self.turns.database.work(subject) as work:
            await runs.demand_room(work, KIND, self.most_waiting)
        called = name or str(new_id())
        question = Question(
            agent_id=data.agent_id,
            thread_id=data.conversation_id or called,
            run_id=called,
            message_id=called,
            text=data.input,
            workflow=data.workflow,
            collection_ids=tuple(data.collection_ids),
            model=data.model,
        )
        return await self.turns.queue(subject, question)
