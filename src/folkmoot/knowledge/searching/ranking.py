"""What becomes of a search's candidates after the fusion, as a search or settings want it.

Old documents weigh less, hits that repeat others are left out, and hits get what stands around
them. Each step says in the trace what it did.
"""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, LiteralString

from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.indexing.words import words
from folkmoot.knowledge.places import Place
from folkmoot.knowledge.searching import search
from folkmoot.knowledge.searching.fusion import Fused
from folkmoot.knowledge.searching.search import Found
from folkmoot.settings.groups import Retrieval as Values
from folkmoot.settings.searching import Expansion, Reranking
from folkmoot.settings.service import Settings

DAY: Final = 86_400.0
UNDATED: Final = 0.5
"""What a document weighs whose date nobody knows: as much as one that is a half-life old."""
WIDER: Final = 4
"""So many times the hits that are wanted are looked at for others that repeat them less."""

DATES: Final[LiteralString] = """
SELECT id, updated_at, metadata -> %(date_field)s FROM documents
WHERE org_id = %(org_id)s AND id = ANY(%(documents)s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """How hits are put in order; what is None is left to the settings.

    Attributes:
        half_life: Days in which the weight of a document halves; 0 for never.
        date_field: The key of the metadata that holds a document's date.
        mmr: What relevance counts against differences, from 0 to 1.
        expand: What hits come with.
        reword: Whether a model words the query in other ways, if the settings name one.
        rerank: Whether a model puts them in order, if the settings name one.
    """

    half_life: float | None = None
    date_field: str | None = None
    mmr: float | None = None
    expand: Expansion | None = None
    rerank: bool = True
    rerank_model: str | None = None
    rerank_strategy: Reranking | None = None
    rerank_candidates: int | None = None
    rerank_seconds: float | None = None
    reword: bool = True
    reword_model: str | None = None
    reword_seconds: float | None = None
    wordings: int = 1

    @property
    def diverse(self) -> bool:
        """Whether differences count."""
        return self.mmr is not None and self.mmr < 1

    def over(self, values: Values) -> "Ranking":
        """Return what holds if settings say this besides."""
        return Ranking(
            half_life=values.half_life_days if self.half_life is None else self.half_life,
            date_field=values.date_field if self.date_field is None else self.date_field,
            mmr=values.mmr if self.mmr is None else self.mmr,
            expand=values.expand if self.expand is None else self.expand,
            rerank=self.rerank,
            rerank_model=values.rerank_model if self.rerank else None,
            rerank_strategy=values.rerank_strategy,
            rerank_candidates=values.rerank_candidates,
            rerank_seconds=values.rerank_seconds,
            reword=self.reword,
            reword_model=values.reword_model if self.reword else None,
            reword_seconds=values.reword_seconds,
            wordings=values.wordings or 1,
        )


Held = Callable[[Subject], Awaitable[Values]]
"""Returns the settings that hold for somebody."""


async def unset(_subject: Subject) -> Values:
    """Return settings that nobody has made."""
    return Values()


def by_settings(settings: Settings) -> Held:
    """Return what tells the settings that hold for somebody."""

    async def held(subject: Subject) -> Values:
        return (await settings.of(subject)).values(Values)

    return held


async def decayed(
    database: Database, subject: Subject, fused: Sequence[Fused], ranking: Ranking
) -> Sequence[Fused]:
    """Return the candidates with the weight that is left of them, best first."""
    if not ranking.half_life or not fused:
        return fused
    documents = list({each.place.document_id for each in fused})
    asked = {"documents": documents, "date_field": ranking.date_field or ""}
    (rows,) = await search.ask(database, subject, [(DATES, asked)])
    now, dated = clock.now(), ranking.date_field
    dates = {row[0]: _moment(row[2]) if dated else row[1] for row in rows}
    left = {each: _left(dates.get(each), now, ranking.half_life) for each in documents}
    weighed = [replace(each, score=each.score * left[each.place.document_id]) for each in fused]
    return sorted(weighed, key=lambda each: (-each.score, each.place))


def _left(date: datetime | None, now: datetime, half_life: float) -> float:
    if date is None:
        return UNDATED
    age = max(0.0, (now - date).total_seconds() / DAY)
    return math.exp2(-min(age / half_life, 1_000.0))


def _moment(value: object) -> datetime | None:
    """Read a date as metadata have them: ISO 8601, or a year."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        return None
    parts = text.strip().split("-")
    if len(parts) < 3:  # noqa: PLR2004 - year, month, day
        text = "-".join([*parts, "01", "01"][:3])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def diverse(
    candidates: Sequence[tuple[Place, float]], rows: Mapping[Place, Found], weight: float, k: int
) -> list[Place]:
    """Return the `k` candidates that are relevant and unlike those before them."""
    left = {place: score for place, score in candidates if place in rows}
    best = max(left.values(), default=0.0) or 1.0
    said = {place: frozenset(words(rows[place].text)) for place in left}
    repeats = dict.fromkeys(left, 0.0)
    chosen: list[Place] = []
    while left and len(chosen) < k:
        place = max(
            left,
            key=lambda each: weight * left[each] / best - (1 - weight) * repeats[each],
        )
        del left[place]
        chosen.append(place)
        for each in left:
            repeats[each] = max(repeats[each], _alike(said[place], said[each]))
    return chosen


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / math.sqrt(len(one) * len(other)) if one and other else 0.0
