"""Taking the contents out of runs that have ended; their rows and the chains of their logs stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import String, cast, select, text, update

from folkmoot.db.work import Work
from folkmoot.kit import clock
from folkmoot.kit.ids import RunId
from folkmoot.runs.models import LedgerEntry, Run

BEGUN: Final = text("""
WITH RECURSIVE begun AS (
  SELECT id FROM runs
  WHERE org_id = :org_id AND parent_call_id IS NOT NULL
    AND parent_run_id = ANY(CAST(:runs AS uuid[]))
  UNION
  SELECT r.id FROM begun AS b
  JOIN runs AS r ON r.org_id = :org_id AND r.parent_run_id = b.id AND r.parent_call_id IS NOT NULL
)
SELECT id FROM begun
""")
UNSAID: Final = text("""
SELECT r.id FROM unnest(
  CAST(:threads AS text[]), CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[])
) AS t (thread, since, until)
JOIN runs AS r ON r.org_id = :org_id AND r.user_id = :user_id AND r.thread_id = t.thread
  AND r.state IN ('failed', 'cancelled', 'interrupted')
  AND r.created_at >= t.since AND (t.until IS NULL OR r.created_at <= t.until)
""")
ERASE: Final = text("SELECT run_id FROM runs_erase(CAST(:runs AS uuid[]))")


async def family(work: Work, run_ids: Sequence[RunId]) -> Sequence[RunId]:
    """Return these runs of the acting user, and those that they have begun."""
    values = {"org_id": work.subject.org_id, "runs": list(run_ids)}
    return [*run_ids, *(await work.session.scalars(BEGUN, values)).all()]


@dataclass(frozen=True, slots=True)
class Stay:
    """A thread of the acting user's, for as long as it was there: its name may be used again."""

    thread_id: str
    since: datetime
    until: datetime | None


async def unsaid(work: Work, stays: Sequence[Stay]) -> Sequence[RunId]:
    """Return the runs of threads that have not come to their good end: of some, nothing was kept.

    No message names a run that was to answer what was asked before and has failed before it could.
    """
    values = {
        "org_id": work.subject.org_id,
        "user_id": work.subject.user_id,
        "threads": [stay.thread_id for stay in stays],
        "since": [stay.since for stay in stays],
        "until": [stay.until for stay in stays],
    }
    return (await work.session.scalars(UNSAID, values)).all()


async def erase(work: Work, run_ids: Sequence[RunId]) -> None:
    """Erase the contents of these runs of the acting user, as far as they have ended."""
    org_id = work.subject.org_id
    ended = (
        select(Run.id)
        .where(
            Run.org_id == org_id,
            Run.user_id == work.subject.user_id,
            Run.id.in_(run_ids),
            Run.erased_at.is_(None),
            Run.finished_at.is_not(None),
        )
        .order_by(Run.id)
        .with_for_update()
    )
    found = (await work.session.scalars(ended)).all()
    if not found:
        return
    await work.session.execute(ERASE, {"runs": list(found)})
    await work.session.execute(
        update(LedgerEntry)
        .where(LedgerEntry.org_id == org_id, LedgerEntry.run_id.in_(found))
        .values(result=None, arguments_digest=b"")
    )
    named = cast(Run.id, String)
    await work.session.execute(
        update(Run)
        .where(Run.org_id == org_id, Run.id.in_(found))
        .values(
            input={},
            client_id=named,
            thread_id=named,
            fingerprint=b"",
            concurrency_key=None,
            waiting=False,
            error_detail=None,
            erased_at=clock.now(),
        )
    )
