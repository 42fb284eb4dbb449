"""By which vectors an organisation is searched: those of one model, until all are there of another.

Vectors of different models cannot be compared, and neither can those of one model once it answers
with longer or shorter ones. What can be compared is a generation. It is named after its embedder,
and after its length as well where there has been another of that name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert

from folkmoot.db.work import Work
from folkmoot.kit import clock
from folkmoot.knowledge.indexing.embedding import Embedders
from folkmoot.knowledge.models import EmbeddingState

LATER: Final = re.compile(r"(.+) \(\d+\)", re.DOTALL)

STANDING: Final[LiteralString] = """
SELECT model, dimensions, coming, coming_dimensions FROM embedding_states
WHERE org_id = %(org_id)s
"""


class OtherLength(Exception):
    """A model answers with vectors that cannot be compared with those that there are of it."""

    def __init__(self, model: str, dimensions: int) -> None:
        super().__init__(model, dimensions)
        self.model = model
        self.dimensions = dimensions


@dataclass(frozen=True, slots=True)
class Standing:
    """The generation that searches compare with, and the one that is being prepared, if one is."""

    model: str
    dimensions: int
    coming: str | None = None
    coming_dimensions: int | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """The generations that every document is to have vectors of."""
        return (self.model,) if self.coming is None else (self.model, self.coming)

    @property
    def target(self) -> str:
        """The generation that is to be searched by in the end."""
        return self.coming or self.model

    def demand(self, model: str, dimensions: int) -> None:
        """Fail if vectors of a generation have another length than those that there are of it.

        Raises:
            OtherLength: That is so.
        """
        known = {self.model: self.dimensions, self.coming: self.coming_dimensions}.get(model)
        if known is not None and known != dimensions:
            raise OtherLength(model, dimensions)


@dataclass(slots=True, eq=False)
class Wish:
    """Which embedder this process is to use for new texts, and since when it is.

    Processes may differ while a deployment is changed: the latest wish counts.
    """

    embedders: Embedders
    _name: str = ""
    _since: datetime | None = None

    @property
    def name(self) -> str:
        """The embedder's name.

        Raises:
            Unanswered: There is none that could be used.
        """
        name = self.embedders.embedding
        if name != self._name:
            self._name, self._since = name, clock.now()
        return name

    @property
    def since(self) -> datetime:
        """Since when it is wished for."""
        return self._since or clock.now()


def embedder_of(model: str) -> str:
    """Return the name of the embedder that a generation is from."""
    later = LATER.fullmatch(model)
    return later[1] if later else model


def longer(model: str, dimensions: int) -> str:
    """Return the generation of the same embedder with vectors of another length."""
    return f"{embedder_of(model)} ({dimensions})"


async def standing(work: Work) -> Standing | None:
    """Return how an organisation stands; None if it has no vectors yet."""
    row = await work.session.scalar(_mine(work))
    return None if row is None else of(row)


async def hold(work: Work, wish: Wish, lengths: Iterable[tuple[str, int]]) -> Standing:
    """Return how the organisation stands, and keep it so until the work ends.

    Vectors that are stored in it are of these models and lengths. The first ones of an organisation
    say by which it is searched.

    Raises:
        OtherLength: They cannot be compared with those that there are.
    """
    known = dict(lengths)
    first = next(iter(known))
    made = insert(EmbeddingState).values(
        org_id=work.subject.org_id,
        model=first,
        dimensions=known[first],
        wished=embedder_of(first),
        wished_at=wish.since,
    )
    await work.session.execute(made.on_conflict_do_nothing())
    row = (await work.session.scalars(_mine(work))).one()
    # Whoever changes the row needs it alone from the beginning: two that share it would wait for
    # each other.
    names = row.coming in known and row.coming_dimensions is None
    held = _mine(work).with_for_update(read=not names).execution_options(populate_existing=True)
    row = (await work.session.scalars(held)).one()
    for model, dimensions in known.items():
        of(row).demand(model, dimensions)
    if names and row.coming in known:
        row.coming_dimensions = known[row.coming]
        await work.session.flush()
    return of(row)


def of(row: EmbeddingState) -> Standing:
    """Return how an organisation stands by its row."""
    return Standing(row.model, row.dimensions, row.coming, row.coming_dimensions)


def _mine(work: Work) -> Select[EmbeddingState]:
    return select(EmbeddingState).where(EmbeddingState.org_id == work.subject.org_id)
