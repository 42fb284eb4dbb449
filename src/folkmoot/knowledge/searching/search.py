"""What a search asks the database: in as few round trips as its steps allow, without objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, LiteralString, cast
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from folkmoot.db.work import PLAN_ANEW, Database
from folkmoot.kit.ids import ChunkId, CollectionId, DocumentId
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.errors import CollectionNotFound
from folkmoot.knowledge.filtering import Path
from folkmoot.knowledge.indexing.generations import STANDING, Standing
from folkmoot.knowledge.indexing.languages import DICTIONARIES, RULES
from folkmoot.knowledge.places import Place
from folkmoot.knowledge.schemas import Filters
from folkmoot.knowledge.searching import nearness, queries
from folkmoot.knowledge.searching.nearness import Proposed, VectorIndex, Way
from folkmoot.knowledge.searching.queries import Legs

NO_DICTIONARY: Final = ""
NO_RULE: Final = ""

Rows = Sequence[tuple[Any, ...]]
Statement = tuple[LiteralString | sql.Composed, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Statistics:
    """What BM25 needs to know of the collections searched, and the languages in them."""

    languages: Sequence[str]
    chunks: int
    words: int

    @property
    def average(self) -> float:
        """Words of a chunk on average."""
        return self.words / self.chunks if self.chunks else 1.0


@dataclass(frozen=True, slots=True)
class Ground:
    """Collections that the subject sees, and the only documents in them that may be found.

    Attributes:
        collections: Their ids.
        statistics: What is known of them.
        documents: Those that a filter leaves, if there is one.
        filtered: How many chunks these have.
        indexes: The organisation's own indexes over vectors.
        withheld: Whether some documents in them are not the subject's to read.
        standing: By which model the organisation is searched, if it has any vectors.
    """

    collections: Sequence[CollectionId]
    statistics: Statistics
    documents: Sequence[UUID] | None = None
    filtered: int | None = None
    indexes: Sequence[VectorIndex] = ()
    withheld: bool = False
    standing: Standing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is looked for: words, and a vector if the embedder gave one.

    What another store takes for near is `proposed`, if there is another.
    """

    ground: Ground
    words: Sequence[str]
    language: str
    depth: int
    model: str | None = None
    vector: str | None = None
    proposed: Proposed | None = None

    @property
    def index(self) -> VectorIndex | None:
        """The organisation's own index over the vectors of the model, if there is one."""
        return next((each for each in self.ground.indexes if each.model == self.model), None)

    @property
    def way(self) -> Way:
        """How the vector is compared with others."""
        if self.proposed is not None:
            return Way.STORE
        ground = self.ground
        return nearness.way(ground.statistics.chunks, self.index, ground.filtered, self.depth)

    @property
    def findable(self) -> int:
        """How many chunks may be found."""
        ground = self.ground
        return ground.statistics.chunks if ground.filtered is None else ground.filtered

    @property
    def exactly(self) -> "Sought":
        """The same, without an index or another store that could miss anything."""
        return replace(self, ground=replace(self.ground, indexes=()), proposed=None)

    def parameters(self) -> dict[str, Any]:
        """Return what the statements take besides the organisation."""
        statistics = self.ground.statistics
        documents = self.ground.documents
        near = self.proposed or Proposed()
        return {
            "collections": list(self.ground.collections),
            "documents": None if documents is None else list(documents),
            "depth": self.depth,
            "words": sorted(set(self.words)),
            "languages": list(statistics.languages),
            "dictionaries": [
                DICTIONARIES.get(each, NO_DICTIONARY) for each in statistics.languages
            ],
            "rules": [RULES.get(each, NO_RULE) for each in statistics.languages],
            "own_dictionary": DICTIONARIES.get(self.language, NO_DICTIONARY),
            "total": statistics.chunks,
            "gain": queries.K1 + 1,
            "saturation": queries.K1 * (1 - queries.B),
            "per_word": queries.K1 * queries.B / max(statistics.average, 1.0),
            "model": self.model,
            "vector": self.vector,
            "lots": nearness.lots(statistics.chunks),
            "near_documents": list(near.documents),
            "near_ordinals": list(near.ordinals),
        }


@dataclass(frozen=True, slots=True)
class Candidates:
    """Scores of chunks by either leg.

    Attributes:
        lexical: BM25.
        best_possible: The BM25 of an average chunk that has every word once.
        dense: Cosines; `mean` and `deviation` are those of all chunks of the collections, or of a
            sample of them.
        way: How the vectors were compared.
        proposed: How many an index or a store has proposed, if one did.
    """

    lexical: Mapping[Place, float] = field(default_factory=dict[Place, float])
    best_possible: float = 0.0
    dense: Mapping[Place, float] = field(default_factory=dict[Place, float])
    mean: float = 0.0
    deviation: float = 0.0
    way: Way = Way.ALL
    proposed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A chunk as the database holds it."""

    chunk_id: ChunkId
    document_id: DocumentId
    collection_id: CollectionId
    title: str
    external_id: str | None
    page: int | None
    section: str | None
    start: int
    end: int
    header: str
    text: str
    pages: Sequence[tuple[int, int, int]] = ()


async def ground(
    database: Database,
    subject: Subject,
    collections: Sequence[CollectionId],
    filters: Filters | None,
) -> Ground:
    """Look at what is to be searched.

    Raises:
        CollectionNotFound: the subject cannot see one of the collections.
    """
    wanted = list(dict.fromkeys(collections))
    statements: list[Statement] = [
        (queries.VISIBLE, {"collections": wanted}),
        (queries.STATISTICS, {"collections": wanted}),
        (nearness.INDEXES, {}),
        (STANDING, {}),
    ]
    if filters is not None and not filters.empty:
        statements.append((queries.FILTERED, {"collections": wanted} | _filters(filters)))
    visible, languages, indexes, standing, *filtered = await ask(database, subject, statements)
    if len(visible) != len(wanted):
        raise CollectionNotFound
    counted = sum(row[1] for row in languages), sum(row[2] for row in languages)
    statistics = Statistics([row[0] for row in languages], *counted)
    owned = [VectorIndex(*row) for row in indexes]
    withheld = any(row[1] for row in visible)
    stands = Standing(*standing[0]) if standing else None
    found = Ground(wanted, statistics, indexes=owned, withheld=withheld, standing=stands)
    if not filtered:
        return found
    documents, chunks = [row[0] for row in filtered[0]], sum(row[1] for row in filtered[0])
    return replace(found, documents=documents, filtered=chunks)


async def candidates(
    database: Database, subject: Subject, sought: Sought, legs: Legs
) -> Candidates:
    """Return the best chunks by some legs, in no order.

    An index gives up when too much of what is near is not what may be found, and a store knows
    nothing of readers; then all is compared.
    """
    found = await _compared(database, subject, sought, legs)
    loses = found.way is Way.INDEX or (found.way is Way.STORE and sought.ground.withheld)
    if loses and (found.proposed or 0) < sought.depth:
        return await _compared(database, subject, sought.exactly, legs)
    return found


async def _compared(database: Database, subject: Subject, sought: Sought, legs: Legs) -> Candidates:
    way = Way.ALL if legs is Legs.WORDS else sought.way
    index = sought.index
    dimensions = index.dimensions if index else 0
    withheld = sought.ground.withheld
    statement = queries.statement(legs, way, dimensions, withheld=withheld)
    asking: list[Statement] = [(statement, sought.parameters())]
    if index is not None and way is Way.INDEX:
        asking.insert(0, (nearness.TUNED, nearness.tuning(index, sought.findable, sought.depth)))
    *_, rows = await ask(database, subject, asking)
    if not rows:
        return Candidates(way=way)
    return Candidates(
        {Place(row[0], row[1]): row[2] for row in rows if row[2] is not None},
        float(rows[0][4] or 0.0),
        {Place(row[0], row[1]): row[3] for row in rows if row[3] is not None},
        float(rows[0][5] or 0.0),
        float(rows[0][6] or 0.0),
        way,
        rows[0][7],
    )


async def terms(
    database: Database, subject: Subject, sought: Sought
) -> Sequence[tuple[str, int, float]]:
    """Return the terms of the query, in how many chunks each stands and what it weighs."""
    statement = queries.weights(withheld=sought.ground.withheld)
    (rows,) = await ask(database, subject, [(statement, sought.parameters())])
    return [(row[0], row[1], float(row[2])) for row in rows]


async def found(
    database: Database, subject: Subject, places: Sequence[Place]
) -> Mapping[Place, Found]:
    """Return the chunks at these places that the subject may see."""
    if not places:
        return {}
    kept = {
        "kept_documents": [place.document_id for place in places],
        "kept_ordinals": [place.ordinal for place in places],
    }
    (rows,) = await ask(database, subject, [(queries.HITS, kept)])
    return {
        Place(row[0], row[1]): Found(
            document_id=row[0],
            chunk_id=row[2],
            collection_id=row[3],
            title=row[4],
            external_id=row[5],
            page=row[6],
            section=row[7],
            start=row[8],
            end=row[9],
            header=row[10],
            text=row[11],
        )
        for row in rows
    }


def _filters(filters: Filters) -> dict[str, Any]:
    path = Path.of(filters.where) if filters.where else Path()
    return {
        "where": path.text or None,
        "variables": Jsonb(path.variables),
        "document_ids": filters.document_ids,
        "external_ids": filters.external_ids,
        "metadata": Jsonb(filters.metadata) if filters.metadata else None,
    }


async def ask(
    database: Database,
    subject: Subject,
    statements: Sequence[Statement],
) -> list[Rows]:
    """Send statements together; return the rows of each."""
    whose = {
        "org_id": subject.org_id,
        "user_id": subject.user_id,
        "team_ids": list(subject.team_ids),
    }
    async with database.pipelined(subject) as connection:
        await connection.execute(PLAN_ANEW)
        cursors = [
            await connection.execute(statement, whose | parameters)
            for statement, parameters in statements
        ]
    return [cast(Rows, await cursor.fetchall()) for cursor in cursors]
