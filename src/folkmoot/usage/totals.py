"""Days that are over, summed up beside the ledger: reports and budgets read these instead of it.

The ledger is the truth, and sums are made of nothing else. A day is summed some hours after its
end; a row that comes later than that opens it again, and so does another time zone with all days.
Who brings such a row only notes it, and waits for nobody who is just summing.
Once a day the sums are compared with the ledger, and made anew from where they differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, LiteralString, NamedTuple, cast
from uuid import UUID

import structlog
from sqlalchemy import text

from folkmoot.db.work import Database, Work
from folkmoot.jobs.queue import Queue
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId
from folkmoot.kit.subject import deployment
from folkmoot.settings.service import Settings
from folkmoot.usage.limits import time_zone
from folkmoot.usage.models import UsageBook
from folkmoot.usage.windows import midnight, zone

QUEUE: Final = "usage"
EVERY_HOUR: Final = "23 * * * *"
AT_NIGHT: Final = "53 3 * * *"

REST: Final = timedelta(hours=2)
"""How long after its end a day is summed. Rows count as late after one hour, so that none of them
can be on its way and unknown to whoever sums."""
AT_ONCE: Final = timedelta(days=10)
"""Days that are summed in one transaction."""
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)

# Whoever closes or opens days of an organisation waits for others who do.
HOLD: Final = text("""
INSERT INTO usage_books AS b (org_id, zone, closed_until) VALUES (:org_id, '', :beginning)
ON CONFLICT (org_id) DO UPDATE SET zone = b.zone RETURNING b.zone, b.closed_until
""")
TAKE_LATE: Final = text("DELETE FROM usage_late WHERE org_id = :org_id RETURNING at")
LATE: Final = text("SELECT min(at) FROM usage_late WHERE org_id = :org_id")
FIRST: Final = text("SELECT min(at) FROM model_calls WHERE org_id = :org_id AND at >= :since")
FORGET: Final = text("DELETE FROM usage_days WHERE org_id = :org_id AND starts_at >= :since")
SUMS: Final = """
  SELECT org_id, date_trunc('day', at AT TIME ZONE zone) AT TIME ZONE zone AS starts_at,
         (at AT TIME ZONE zone)::date AS day, provider, model, operation, agent, user_id, team_id,
         count(*) FILTER (WHERE reuse IS NULL) AS calls, sum(input_tokens) AS input_tokens,
         sum(output_tokens) AS output_tokens, sum(cached_input_tokens) AS cached_input_tokens,
         sum(reasoning_tokens) AS reasoning_tokens, coalesce(sum(micro_usd), 0) AS micro_usd,
         count(*) FILTER (WHERE micro_usd IS NULL) AS unpriced_calls,
         count(*) FILTER (WHERE estimated) AS estimated_calls, count(reuse) AS cached_answers
  FROM model_calls, CAST(:zone AS text) AS zone
  WHERE org_id = :org_id AND at >= :since AND at < :until
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""
SUM: Final = text(f"""
INSERT INTO usage_days (org_id, starts_at, day, provider, model, operation, agent, user_id, team_id,
                        calls, input_tokens, output_tokens, cached_input_tokens, reasoning_tokens,
                        micro_usd, unpriced_calls, estimated_calls, cached_answers)
{SUMS}""")
CLOSE: Final = text(
    "UPDATE usage_books SET zone = :zone, closed_until = :until WHERE org_id = :org_id"
)
DIFFERENCE: Final = text(f"""
SELECT min(starts_at) FROM (
  SELECT starts_at FROM (
    {SUMS}
    UNION ALL
    SELECT org_id, starts_at, day, provider, model, operation, agent, user_id, team_id, -calls,
           -input_tokens, -output_tokens, -cached_input_tokens, -reasoning_tokens, -micro_usd,
           -unpriced_calls, -estimated_calls, -cached_answers
    FROM usage_days WHERE org_id = :org_id AND starts_at < :until
  ) AS compared
  GROUP BY starts_at, provider, model, operation, agent, user_id, team_id
  HAVING (sum(calls), sum(input_tokens), sum(output_tokens), sum(cached_input_tokens),
          sum(reasoning_tokens), sum(micro_usd), sum(unpriced_calls), sum(estimated_calls),
          sum(cached_answers)) <> (0, 0, 0, 0, 0, 0, 0, 0, 0)
) AS different
""")  # noqa: S608 - of constants
OPEN: Final = "SELECT org_id FROM usage_open()"
SUMMED: Final = "SELECT org_id FROM usage_summed()"

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Book(NamedTuple):
    """How far a ledger is summed up, in which zone's days."""

    zone: str
    closed_until: datetime


async def hold(work: Work) -> Book:
    """Keep others from closing and opening days of an organisation until this work ends."""
    asked = {"org_id": work.subject.org_id, "beginning": BEGINNING}
    name, closed_until = (await work.session.execute(HOLD, asked)).one()
    return Book(name, closed_until)


async def close_some(work: Work, name: str, now: datetime) -> bool:
    """Sum up the next days that are over; whether there are more of them."""
    where, book, org_id = zone(name), await hold(work), work.subject.org_id
    # Whatever comes from here on stays noted, be it among the sums already or not.
    late = (await work.session.scalars(TAKE_LATE, {"org_id": org_id})).all()
    begun = min([book.closed_until, *late]) if book.zone == name else BEGINNING
    since = midnight(begun.astimezone(where).date(), where)
    await work.session.execute(FORGET, {"org_id": org_id, "since": since})
    first = await work.session.scalar(FIRST, {"org_id": org_id, "since": since})
    end = midnight((now - REST).astimezone(where).date(), where)
    until = end
    if first is not None:
        some = midnight((first + AT_ONCE).astimezone(where).date(), where)
        until = min(max(some, since), end)
        asked = {"org_id": org_id, "zone": name, "since": since, "until": until}
        await work.session.execute(SUM, asked)
    told = {"org_id": org_id, "zone": name, "until": max(until, since)}
    await work.session.execute(CLOSE, told)
    return until < end


async def check(work: Work) -> datetime | None:
    """Compare the sums with the ledger; return the first day that differs, and open it again.

    Nobody waits for the comparison. What was opened meanwhile differs for a reason.
    """
    org_id = work.subject.org_id
    book = await work.session.get(UsageBook, org_id)
    if book is None or not book.zone:
        return None
    where = zone(book.zone)
    opened = await _opened(work, book.closed_until)
    until = midnight(opened.astimezone(where).date(), where)
    asked: dict[str, Any] = {
        "org_id": org_id,
        "zone": book.zone,
        "since": BEGINNING,
        "until": until,
    }
    found: datetime | None = await work.session.scalar(DIFFERENCE, asked)
    now = await hold(work)
    if found is None or await _opened(work, now.closed_until) <= found or now.zone != book.zone:
        return None
    told = {"org_id": org_id, "zone": book.zone, "until": found}
    await work.session.execute(CLOSE, told)
    return found


async def _opened(work: Work, closed_until: datetime) -> datetime:
    """Return how far days are closed, of which none was opened again by what came late."""
    late: datetime | None = await work.session.scalar(LATE, {"org_id": work.subject.org_id})
    return closed_until if late is None else min(closed_until, late)


@dataclass(frozen=True, slots=True)
class Totals:
    """The jobs that sum up and compare; register them once per process. They may be cut."""

    database: Database
    settings: Settings

    def register(self, queue: Queue) -> None:
        """Have it done again and again."""
        queue.repeat("usage.sum", self.run, queue=QUEUE, cron=EVERY_HOUR)
        queue.repeat("usage.check", self.check, queue=QUEUE, cron=AT_NIGHT)

    async def run(self) -> None:
        """Sum up the days that are over, of all organisations."""
        for org_id in await self._organizations(OPEN):
            await self.close(org_id)

    async def close(self, org_id: OrgId) -> None:
        """Sum up the days of one organisation that are over."""
        subject, more = deployment(org_id), True
        name = zone(time_zone(await self.settings.of(subject))).key
        while more:
            async with self.database.work(subject) as work:
                more = await close_some(work, name, clock.now())

    async def check(self) -> None:
        """Compare the sums with the ledger, of all organisations."""
        for org_id in await self._organizations(SUMMED):
            async with self.database.work(deployment(org_id)) as work:
                differs = await check(work)
            if differs is not None:
                log.error("usage.sums_differ", org_id=str(org_id), since=differs.isoformat())
                await self.close(org_id)

    async def _organizations(self, query: LiteralString) -> Sequence[OrgId]:
        async with self.database.unscoped() as connection:
            rows = await (await connection.execute(query)).fetchall()
        return [OrgId(cast(UUID, org_id)) for (org_id,) in rows]
