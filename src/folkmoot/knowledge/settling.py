"""Documents whose run has ended without them: they are not pending any more."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select, update

from folkmoot.db.work import Work
from folkmoot.kit.ids import CollectionId
from folkmoot.knowledge.models import PENDING, Document, Status
from folkmoot.runs import service as runs
from folkmoot.runs.states import ACTIVE

REASON: Final = "Reading the document was cancelled or failed on our side. Please send it again."


async def settle(work: Work, collection_ids: Sequence[CollectionId]) -> None:
    """Mark those documents as failed; a run that was cancelled or given up could not do it."""
    mine = (
        Document.org_id == work.subject.org_id,
        Document.collection_id.in_(collection_ids),
        Document.status.in_(PENDING),
    )
    pending = (await work.session.scalars(select(Document.run_id).where(*mine).distinct())).all()
    if not pending:
        return
    states = await runs.states(work, pending)
    ended = [run_id for run_id in pending if states.get(run_id) not in ACTIVE]
    if ended:
        await work.session.execute(
            update(Document)
            .where(*mine, Document.run_id.in_(ended))
            .values(status=Status.FAILED, error=REASON, progress=None)
        )
