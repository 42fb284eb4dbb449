"""Documents whose run has ended without them, or never begins: they are not pending any more."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select, update

from folkmoot.db.work import Work
from folkmoot.kit.ids import CollectionId
from folkmoot.knowledge.models import PENDING, Document, Status
from folkmoot.runs import service as runs
from folkmoot.runs.states import ACTIVE, RunState

REASON: Final = "Reading the document has failed on our side. Please have it read again."


async def settle(work: Work, collection_ids: Sequence[CollectionId]) -> None:
    """Mark those documents; a run that was cancelled or given up could not do it."""
    mine = (
        Document.org_id == work.subject.org_id,
        Document.collection_id.in_(collection_ids),
        Document.status.in_(PENDING),
    )
    pending = (await work.session.scalars(select(Document.run_id).where(*mine).distinct())).all()
    if not pending:
        return
    dropped = dict.fromkeys(await runs.never_to_begin(work, pending), RunState.CANCELLED)
    states = {**await runs.states(work, pending), **dropped}
    for status, reason in ((Status.CANCELLED, None), (Status.FAILED, REASON)):
        ended = [run_id for run_id in pending if _becomes(states.get(run_id)) is status]
        if ended:
            await work.session.execute(
                update(Document)
                .where(*mine, Document.run_id.in_(ended))
                .values(status=status, error=reason, progress=None)
            )


def _becomes(state: RunState | None) -> Status | None:
    """Return what becomes of a run's documents that it has left; None while it goes on."""
    if state in ACTIVE:
        return None
    return Status.CANCELLED if state is RunState.CANCELLED else Status.FAILED
