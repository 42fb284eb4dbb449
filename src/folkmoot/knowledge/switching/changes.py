"""What becomes of an organisation's generations of vectors: begun, abandoned, switched to.

Each is one transaction that holds the organisation's row; uploads hold it, too, while they store
vectors, so that no document slips through between two generations.
"""

from datetime import timedelta
from typing import Final, LiteralString

from sqlalchemy import select, text

from folkmoot.audit import trail
from folkmoot.db.work import Work
from folkmoot.kit import clock
from folkmoot.kit.ids import RunId, new_id
from folkmoot.knowledge.errors import NothingEmbedded
from folkmoot.knowledge.indexing import generations
from folkmoot.knowledge.indexing.generations import OtherLength, Wish, embedder_of
from folkmoot.knowledge.models import EmbeddingState
from folkmoot.knowledge.switching import leftovers
from folkmoot.runs import service as runs
from folkmoot.runs.opening import NewRun

KIND: Final = "reembedding"
REST: Final = timedelta(minutes=1)
"""How long is waited after a first failure; after each one more, twice as long."""
MOST_DOUBLED: Final = 6
PATIENCE: Final = timedelta(minutes=15)
"""How long a switch waits for an index over the vectors, or a store, that is behind."""

# What is found quickly now shall be so afterwards: where the vectors in use have an index of their
# own, the others have one by then, and a store elsewhere knows them.
READY: Final[LiteralString] = """
SELECT (
    NOT EXISTS (SELECT FROM vector_indexes WHERE org_id = :org_id AND model = :model)
    OR EXISTS (SELECT FROM vector_indexes WHERE org_id = :org_id AND model = :coming)
  )
  AND NOT EXISTS (SELECT FROM vector_changes WHERE org_id = :org_id AND attempts = 0)
"""
HOW_LONG: Final[LiteralString] = """
SELECT vector_dims(embedding) FROM chunk_vectors
WHERE org_id = :org_id AND model = :model LIMIT 1
"""


async def locked(work: Work) -> EmbeddingState | None:
    """Return an organisation's row, which nobody else changes or relies on until the work ends."""
    mine = select(EmbeddingState).where(EmbeddingState.org_id == work.subject.org_id)
    return await work.session.scalar(mine.with_for_update())


async def follow(work: Work, wish: Wish) -> None:
    """Begin to prepare what is wished for, unless somebody has wished for something else since."""
    name, row = wish.name, await locked(work)
    if row is None or row.wished == name or row.wished_at >= wish.since:
        return
    row.wished, row.wished_at = name, wish.since
    if embedder_of(generations.of(row).target) == name:
        return
    await _prepare(work, row, None if embedder_of(row.model) == name else name)


async def renew(work: Work, error: OtherLength) -> None:
    """Begin a generation of longer or shorter vectors, if those of a model are so by now.

    One of another model that is being prepared comes first.
    """
    row = await locked(work)
    if row is None or embedder_of(error.model) != embedder_of(generations.of(row).target):
        return
    if error.model in {row.model, row.coming} - {None}:
        again = generations.longer(error.model, error.dimensions)
        if again != row.coming:
            await _prepare(work, row, again)


async def switch(work: Work, row: EmbeddingState) -> None:
    """Let an organisation be searched by what has been prepared, from the commit on.

    Raises:
        NothingEmbedded: All that there is was refused.
    """
    if row.coming is None:
        return
    values = {"org_id": row.org_id, "model": row.coming}
    dimensions = await work.session.scalar(text(HOW_LONG), values)
    if dimensions is None and await leftovers.refused(work, row.coming):
        raise NothingEmbedded(row.coming)
    await trail.record(
        work,
        "embedding_model.switched",
        target=("organization", row.org_id),
        before={"model": row.model},
        after={"model": row.coming},
    )
    if dimensions is None:  # nothing is left: the next upload is the first one again
        await work.session.delete(row)
        return
    row.model, row.dimensions = row.coming, dimensions
    row.coming = row.coming_dimensions = None
    row.swept, row.switched_at = False, clock.now()


async def ready(work: Work, row: EmbeddingState) -> bool:
    """Whether what is prepared would be found as quickly; from some time on that does not count."""
    now = clock.now()
    since = row.embedded_at or now
    row.embedded_at = since
    if now - since > PATIENCE:
        return True
    values = {"org_id": row.org_id, "model": row.model, "coming": row.coming}
    return bool(await work.session.scalar(text(READY), values))


async def put_off(work: Work) -> None:
    """Try again later, and ever later."""
    row = await locked(work)
    if row is not None:
        row.due = clock.now() + REST * 2 ** min(row.attempts, MOST_DOUBLED)
        row.attempts += 1


async def start(work: Work) -> bool:
    """Queue a run that does what is left to do, unless there is one."""
    row = await locked(work)
    if row is None:
        return False
    target = generations.of(row).target
    key = f"{KIND} {target}"
    if await runs.active(work, [key]):
        return False
    row.run_id = run_id = RunId(new_id())
    new = NewRun(
        id=run_id,
        kind=KIND,
        input={"model": target},
        client_id=str(run_id),
        thread_id=str(run_id),
        fingerprint=b"",
        concurrency_key=key,
        subject=work.subject,
    )
    await runs.queue(work, new)
    return True


async def _prepare(work: Work, row: EmbeddingState, coming: str | None) -> None:
    abandoned = row.coming is not None
    await trail.record(
        work,
        "embedding_model.switch_abandoned" if coming is None else "embedding_model.switch_begun",
        target=("organization", row.org_id),
        before={"model": row.model, "coming": row.coming},
        after={"model": row.model, "coming": coming},
    )
    row.coming, row.coming_dimensions, row.embedded_at = coming, None, None
    row.begun_at = None if coming is None else clock.now()
    row.due, row.attempts = clock.now(), 0
    row.swept = row.swept and not abandoned
