"""What the usage room keeps of a person: which models they have asked, and what that has cost.

What an organisation has used stays counted; whose it was goes.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import delete, select, update

from folkmoot.db import extract
from folkmoot.db.work import Database
from folkmoot.kit.personal import File, Person
from folkmoot.kit.subject import Subject
from folkmoot.usage import totals
from folkmoot.usage.models import USAGE_DAYS, BudgetCounter, ModelCall

CALLS: Final = select(
    ModelCall.id,
    ModelCall.at,
    ModelCall.team_id,
    ModelCall.agent,
    ModelCall.run_id,
    ModelCall.conversation,
    ModelCall.provider,
    ModelCall.model,
    ModelCall.operation,
    ModelCall.input_tokens,
    ModelCall.output_tokens,
    ModelCall.cached_input_tokens,
    ModelCall.reasoning_tokens,
    ModelCall.micro_usd,
    ModelCall.estimated,
    ModelCall.reuse,
)


@dataclass(frozen=True, slots=True)
class OwnUsage:
    """Calls of models that were made for people, and what their own budgets have counted."""

    database: Database
    tables: frozenset[str] = frozenset(
        {"model_calls", "budget_counters", "budget_reservations", "usage_days"}
    )

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield the calls that were made for the person."""
        for org_id in person.places:
            mine = CALLS.where(ModelCall.org_id == org_id, ModelCall.user_id == person.user_id)
            open_work = partial(self.database.work, Subject(org_id, person.user_id))
            calls = extract.lines(open_work, mine, [ModelCall.id])
            yield File(f"organizations/{org_id}/model_calls.jsonl", calls)

    async def erase(self, person: Person) -> None:
        """Forget whose calls these were, and what was counted for the person alone."""
        for org_id in person.places:
            theirs = (
                update(ModelCall)
                .where(ModelCall.org_id == org_id, ModelCall.user_id == person.user_id)
                .values(user_id=None, conversation=None)
            )
            own = delete(BudgetCounter).where(
                BudgetCounter.org_id == org_id, BudgetCounter.user_id == person.user_id
            )
            days = (
                update(USAGE_DAYS)
                .where(USAGE_DAYS.c.org_id == org_id, USAGE_DAYS.c.user_id == person.user_id)
                .values(user_id=None)
            )
            async with self.database.work(Subject(org_id, person.user_id)) as work:
                await totals.hold(work)  # what is being summed up now still tells who it was
                await work.session.execute(theirs)
                await work.session.execute(days)
                await work.session.execute(own)
