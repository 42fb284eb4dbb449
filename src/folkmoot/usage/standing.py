"""How budgets stand: the limits that hold for somebody, and those of whom they look after."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, LiteralString

from psycopg.rows import dict_row
from sqlalchemy import or_, select

from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.subject import NOBODY, Subject
from folkmoot.settings.resolver import Level
from folkmoot.settings.scopes import TEAM_ADMIN, acting_team
from folkmoot.settings.service import Holding, Settings
from folkmoot.usage.budgets import NOTHING, Standing, standings, told
from folkmoot.usage.limits import Asker, InForce, in_force, written
from folkmoot.usage.models import BudgetCounter
from folkmoot.usage.reporting import MANAGE

FindAgent = Callable[[Subject, str], Awaitable[str | None]]
"""Returns the id of the agent that people call so, if there is one."""

MOST: Final = 2_000
"""Counters of others that are looked at."""

STANDINGS: Final[LiteralString] = """
SELECT a.i AS counter_id,
       coalesce(c.micro_usd, l.micro_usd) + r.done_micro_usd AS spent_micro_usd,
       coalesce(c.tokens, l.tokens) + r.done_tokens AS spent_tokens,
       coalesce(c.calls, l.calls) + r.done_calls AS spent_calls,
       r.held_micro_usd, r.held_tokens, r.held_calls
FROM json_to_recordset(%s::json) AS a (
  i uuid, u uuid, t uuid, g text, s timestamptz, e timestamptz
)
LEFT JOIN budget_counters AS c ON c.org_id = %s AND c.id = a.i
LEFT JOIN LATERAL usage_spent(%s, a.u, a.t, a.g, a.s, a.e) AS l ON c.id IS NULL
CROSS JOIN LATERAL (
  SELECT coalesce(sum(b.micro_usd) FILTER (WHERE b.settled), 0)::bigint AS done_micro_usd,
         coalesce(sum(b.tokens) FILTER (WHERE b.settled), 0)::bigint AS done_tokens,
         count(*) FILTER (WHERE b.settled) AS done_calls,
         coalesce(sum(b.micro_usd) FILTER (WHERE NOT b.settled), 0)::bigint AS held_micro_usd,
         coalesce(sum(b.tokens) FILTER (WHERE NOT b.settled), 0)::bigint AS held_tokens,
         count(*) FILTER (WHERE NOT b.settled) AS held_calls
  FROM budget_reservations AS b
  WHERE b.org_id = c.org_id AND b.counter_id = c.id
    AND (b.settled OR b.process_id = ANY (ARRAY (SELECT p.id FROM processes AS p WHERE p.alive)))
) AS r
"""
"""What has been spent of counters and is put aside; of others, what was used in their time."""


@dataclass(frozen=True, slots=True)
class Standings:
    """Looks how limits stand.

    Args:
        find_agent: Finds agents that limits name.
    """

    database: Database
    settings: Settings
    find_agent: FindAgent

    async def of(self, subject: Subject) -> Sequence[Standing]:
        """Return how the limits stand that hold for a subject.

        To those who look after the organisation's usage, or their team's, also what is counted
        apart of others who have asked since the limit holds.
        """
        held = await self.settings.of(subject)
        holding = dict.fromkeys(in_force(held, subject, None))
        for name in {limit.agent for _, limit in written(held) if limit.agent is not None}:
            found = await self.find_agent(subject, name)
            if found is not None:
                holding |= dict.fromkeys(in_force(held, subject, Asker(found, name)))
        if holding and _looks_after(subject):
            holding |= dict.fromkeys(await self._of_others(held, subject, list(holding)))
        return await self._counted(subject, list(holding))

    async def _counted(self, subject: Subject, holding: Sequence[InForce]) -> Sequence[Standing]:
        counted = [each for each in holding if each.counted is not None]
        rows: list[dict[str, Any]] = []
        if counted:
            async with self.database.pipelined(subject) as connection:
                cursor = connection.cursor(row_factory=dict_row)
                await cursor.execute(STANDINGS, (told(counted), subject.org_id, subject.org_id))
            rows = await cursor.fetchall()
        alone = [Standing(each, NOTHING, NOTHING) for each in holding if each.counted is None]
        return [*standings(counted, rows), *alone]

    async def _of_others(
        self, held: Holding, subject: Subject, known: Sequence[InForce]
    ) -> Iterable[InForce]:
        """Return the limits of others that counters tell of."""
        called = {
            each.counted.agent: each.limit.agent
            for each in known
            if each.counted is not None and each.limit.agent is not None
        }
        found: list[InForce] = []
        for counter in await self._counters(subject):
            asker = None
            if counter.agent is not None:
                asker = Asker(counter.agent, called.get(counter.agent) or "")
            found.extend(
                each
                for each in in_force(held, _someone(subject, counter), asker)
                if each.counter_id == counter.id and _may_see(subject, each)
            )
        return found

    async def _counters(self, subject: Subject) -> Sequence[BudgetCounter]:
        """Return the counters of today and this month that tell somebody apart."""
        statement = (
            select(BudgetCounter)
            .where(
                BudgetCounter.org_id == subject.org_id,
                or_(BudgetCounter.ends_at.is_(None), BudgetCounter.ends_at > clock.now()),
                or_(
                    BudgetCounter.user_id.is_not(None),
                    BudgetCounter.team_id.is_not(None),
                    BudgetCounter.agent.is_not(None),
                ),
            )
            .order_by(BudgetCounter.id)
            .limit(MOST)
        )
        async with self.database.work(subject) as work:
            return (await work.session.scalars(statement)).all()


def _looks_after(subject: Subject) -> bool:
    """Whether somebody may see what others use."""
    team = acting_team(subject)
    return MANAGE in subject.permissions or (
        team is not None and TEAM_ADMIN in subject.allowed_in(team)
    )


def _may_see(subject: Subject, holds: InForce) -> bool:
    """Whether somebody may see how a limit stands that is counted for others."""
    team = acting_team(subject)
    if holds.level is Level.TEAM:
        return holds.counted is not None and holds.counted.team_id == team
    return holds.level is not Level.USER and MANAGE in subject.permissions


def _someone(subject: Subject, counter: BudgetCounter) -> Subject:
    """Return one of those whose calls a counter counts."""
    teams = () if counter.team_id is None else (counter.team_id,)
    return replace(
        subject, user_id=counter.user_id or NOBODY, team_ids=teams, team_id=counter.team_id
    )
