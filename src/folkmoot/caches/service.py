"""What can be done with the answers that are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select

from folkmoot.audit import trail
from folkmoot.caches.models import CachedAnswer
from folkmoot.db.work import Work
from folkmoot.kit.ids import RunId


@dataclass(frozen=True, slots=True)
class Statistics:
    """How much is kept of an organisation; `similar` of them are given to like questions."""

    answers: int
    similar: int
    bytes: int
    oldest_at: datetime | None


async def statistics(work: Work) -> Statistics:
    """Return how much is kept, whether it still counts or not."""
    statement = select(
        func.count(),
        func.count(CachedAnswer.embedder),
        func.coalesce(func.sum(CachedAnswer.bytes), 0),
        func.min(CachedAnswer.created_at),
    ).where(CachedAnswer.org_id == work.subject.org_id)
    answers, similar, size, oldest = (await work.session.execute(statement)).one()
    return Statistics(answers, similar, int(size), oldest)


async def clear(work: Work, agent: str | None = None) -> int:
    """Forget all answers, or those of an agent by its id; return how many those were."""
    org_id = work.subject.org_id
    statement = delete(CachedAnswer).where(CachedAnswer.org_id == org_id)
    if agent is not None:
        statement = statement.where(CachedAnswer.agent == agent)
    gone = (await work.session.scalars(statement.returning(CachedAnswer.id))).all()
    await trail.record(
        work,
        "response_cache.cleared",
        target=("organization", org_id),
        after={"answers": len(gone), "agent": agent},
    )
    return len(gone)


async def forget(work: Work, run_ids: Sequence[RunId]) -> None:
    """Forget what was said in these runs."""
    await work.session.execute(
        delete(CachedAnswer).where(
            CachedAnswer.org_id == work.subject.org_id, CachedAnswer.run_id.in_(run_ids)
        )
    )
