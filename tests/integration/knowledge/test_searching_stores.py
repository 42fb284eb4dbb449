"""Searches by meaning, whichever store is asked, and how a store comes to hold what there is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from ending import end
from folkmoot.kit.ids import CollectionId, OrgId
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.errors import VectorStoreUnavailable
from folkmoot.knowledge.schemas import Filters
from folkmoot.knowledge.searching import proposing
from folkmoot.knowledge.searching.nearness import Way
from folkmoot.knowledge.searching.retrieval import Asked
from folkmoot.knowledge.service import KnowledgeOptions
from folkmoot.knowledge.vector_stores import carrying, changes, checking
from folkmoot.knowledge.vector_stores.carrying import Carrying
from folkmoot.knowledge.vector_stores.choosing import Chosen, Kind, store
from folkmoot.knowledge.vector_stores.keeping import Keeping
from folkmoot.knowledge.vector_stores.pinecone import Pinecone
from folkmoot.knowledge.vector_stores.port import Kept, Model, VectorStore
from knowing import Concepts, Room, Visitor, room
from running import until
from vector_servers import KEY, Edge, FakePinecone, FakeQdrant, chroma, served

pytestmark = pytest.mark.anyio

RESTRICT = """
INSERT INTO restricted_documents (org_id, document_id, collection_id)
SELECT org_id, id, collection_id FROM documents WHERE external_id = 'owl'
"""
WORDS = {"heron": 0, "stork": 1, "owl": 2, "vogel": 0}
HELD = Model(Concepts.name, 64)


@dataclass
class Place:
    """A process whose documents are searched by a store, and who moves them there."""

    room: Room
    carrying: Carrying
    edge: Edge | None

    @property
    def store(self) -> VectorStore:
        assert self.carrying.store is not None
        return self.carrying.store

    async def carried(self) -> bool:
        return await carried(self.carrying)


async def carried(carrying: Carrying, *, ends: bool = True) -> bool:
    """Carry as soon as nobody else does: a lock goes some time after whoever had it."""
    async with asyncio.timeout(60):
        while not await carrying.run(lambda _left: None, ends=ends):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    return True


async def begun(kind: Kind, stack: AsyncExitStack, directory: Path) -> tuple[Chosen, Edge | None]:
    if kind is Kind.PGVECTOR:
        return Chosen(), None
    if kind is Kind.CHROMA:
        return Chosen(kind, await stack.enter_async_context(chroma(directory))), None
    fake = FakeQdrant() if kind is Kind.QDRANT else FakePinecone()
    return Chosen(kind, await stack.enter_async_context(served(fake)), KEY), fake.edge


@pytest.fixture
async def place(
    request: pytest.FixtureRequest,
    app_address: str,
    writer_address: str,
    owner_address: str,
    tmp_path: Path,
) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        chosen, edge = await begun(request.param, stack, tmp_path / "chroma")
        made = store(chosen)
        if isinstance(made, Pinecone):
            made = replace(made, pause=0.001)
        entered = room(
            app_address,
            writer_address,
            tmp_path / "blobs",
            embedder=Concepts(WORDS),
            options=KnowledgeOptions(vectors=made),
        )
        inside = await stack.enter_async_context(entered)
        stack.push_async_callback(inside.knowledge.aclose)
        yield Place(inside, Carrying(owner_address, made, pause=0.001), edge)


async def way(visitor: Visitor, collection: str, query: str, *only: str) -> Way:
    filters = Filters.model_validate({"document_ids": only}) if only else None
    asked = Asked(
        query=query, collection_ids=[CollectionId(UUID(collection))], k=5, filters=filters
    )
    _, trace = await visitor.room.knowledge.retrieval.explain(visitor.subject, asked)
    return trace.candidates.way


async def named(visitor: Visitor, collection: str, query: str, **values: object) -> list[str]:
    hits = await visitor.search(collection, query, mode="dense", **values)
    return [hit["external_id"] for hit in hits]


@pytest.mark.parametrize("place", list(Kind), indirect=True)
async def test_searches_find_the_same_whichever_store_is_asked(
    place: Place, subject: Subject, other_subject: Subject
) -> None:
    ada, eve = place.room.visitor(subject), place.room.visitor(other_subject)
    birds, others = await ada.collection(), await eve.collection()
    ids = {
        bird: await ada.tell(birds, bird, f"A {bird}.", external_id=bird, metadata={"is": bird})
        for bird in ("heron", "stork", "owl")
    }
    foreign = await eve.tell(others, "heron", "A heron.", external_id="theirs")
    expected = Way.ALL if place.carrying.store is None else Way.STORE
    assert await way(ada, birds, "heron") is Way.ALL  # until the store holds all
    assert await place.carried()
    assert await way(ada, birds, "heron") is expected
    assert (await named(ada, birds, "heron"))[0] == "heron"
    only = {"document_ids": [ids["owl"]]}
    assert await named(ada, birds, "heron", filters=only) == ["owl"]
    assert await named(eve, others, "heron") == ["theirs"]

    await ada.tell(birds, "heron", "Now an owl.", external_id="heron")
    assert set((await named(ada, birds, "owl"))[:2]) == {"heron", "owl"}
    assert await place.carried()
    assert set((await named(ada, birds, "owl"))[:2]) == {"heron", "owl"}
    assert (await ada.http.delete(f"/documents/{ids['stork']}")).status_code == 204
    assert "stork" not in await named(ada, birds, "stork")
    assert await place.carried()

    if place.carrying.store is not None:
        await poisoned(place.store, subject.org_id, birds, foreign)
        assert sorted(await named(ada, birds, "stork")) == ["heron", "owl"]

    await ada.tell(birds, "crane", "A crane, a vogel.", external_id="crane")
    assert await place.carried()
    assert (await named(ada, birds, "heron"))[0] == "crane"
    if place.edge is not None:
        await away(place.edge, ada, birds)


async def poisoned(held: VectorStore, org_id: OrgId, birds: str, foreign: str) -> None:
    """Let a store hold, as ours, what is another's and what is nowhere."""
    vector = [0.01] * 64
    vector[1] = 1.0
    for document_id in (UUID(foreign), UUID(int=7)):
        vectors = {HELD: {0: vector, 99: vector}}
        await held.put([Kept(org_id, UUID(birds), document_id, 2**50, vectors)])


async def away(edge: Edge, visitor: Visitor, collection: str) -> None:
    """Search by words while the store is away, and be told so."""
    edge.away = True
    answer = await visitor.http.post(
        f"/collections/{collection}/search", json={"query": "crane", "mode": "dense"}
    )
    assert answer.status_code == 503
    assert answer.json()["code"] == "vector_store_unavailable"
    explained = await visitor.http.post(
        f"/collections/{collection}/search/explain", json={"query": "crane"}
    )
    assert explained.json()["hits"][0]["external_id"] == "crane"
    assert "Qdrant" in explained.text or "Pinecone" in explained.text


@pytest.mark.parametrize("place", [Kind.QDRANT], indirect=True)
async def test_what_is_cut_or_refused_on_the_way_is_brought_later(
    place: Place, subject: Subject, superuser_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, edge = place.room.visitor(subject), place.edge
    assert edge is not None
    birds = await ada.collection()
    ids = [
        await ada.tell(birds, bird, f"A {bird}.", external_id=bird)
        for bird in ("heron", "stork", "owl")
    ]
    edge.away = True
    with pytest.raises(VectorStoreUnavailable):
        await place.carried()
    edge.away, edge.refused[ids[0]] = False, 500
    with psycopg.connect(superuser_address, autocommit=True) as superuser:
        task = asyncio.create_task(carried(place.carrying, ends=False))
        refused = "SELECT 1 FROM vector_changes WHERE attempts > 0"
        await until(lambda: superuser.execute(refused).fetchone() is not None)
        assert not await place.carrying.run(print, ends=True)  # by another process at the same time
        edge.refused.clear()
        again = "UPDATE vector_changes SET due = now()"
        await until(lambda: superuser.execute(again).rowcount == 0)
        await end(task)
        assert await place.carried()
    assert await way(ada, birds, "heron") is Way.STORE
    await left_to_postgresql(ada, birds, ids, superuser_address, monkeypatch)

    keeping = Keeping(place.carrying.owner, place.store)
    watching = asyncio.create_task(keeping.watch())
    await ada.tell(birds, "crane", "A vogel.", external_id="crane")
    async with asyncio.timeout(60):
        while await place.store.count(HELD) != 4:  # noqa: ASYNC110 - a store tells nobody
            await asyncio.sleep(0.01)
    await end(watching)
    await place.room.knowledge.forget(subject.org_id)
    assert await place.store.count(HELD) == 0
    assert await way(ada, birds, "heron") is Way.ALL  # as if it had lost what it held


@pytest.mark.parametrize("place", [Kind.PINECONE], indirect=True)
async def test_a_store_that_holds_other_vectors_than_there_are_is_not_searched(
    place: Place, subject: Subject, owner_address: str
) -> None:
    ada, edge = place.room.visitor(subject), place.edge
    assert edge is not None
    birds = await ada.collection()
    await ada.tell(birds, "heron", "A heron.", external_id="heron")
    edge.miscounts = 7
    with pytest.raises(VectorStoreUnavailable):
        await place.carried()
    assert await way(ada, birds, "heron") is Way.ALL
    edge.miscounts = 0
    assert await place.carried()
    assert await way(ada, birds, "heron") is Way.STORE
    async with await psycopg.AsyncConnection.connect(owner_address, autocommit=True) as owner:
        await ada.tell(birds, "heron", "A heron.", external_id="heron", metadata={"is": "new"})
        await ada.tell(birds, "heron", "A vogel.", external_id="heron")
        (change,) = await changes.due(owner, 10)
        earlier = changes.Told(change.org_id, change.document_id, change.revision - 1, True)
        await changes.done(owner, [earlier])
        assert (await changes.counted(owner)).waiting == 1  # what has come meanwhile is not lost
        await Keeping(owner_address, None).watch()
        await Keeping(owner_address, None).watch()
        assert await changes.known(owner) is None
        await ada.tell(birds, "stork", "A stork.", external_id="stork")
        assert (await changes.counted(owner)).waiting == 0
    assert await way(ada, birds, "heron") is Way.ALL


async def left_to_postgresql(
    visitor: Visitor,
    birds: str,
    ids: list[str],
    superuser_address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Search among many documents, and where some are withheld."""
    monkeypatch.setattr(proposing, "FEW", 0)
    monkeypatch.setattr(proposing, "MOST_NAMED", 2)
    assert await way(visitor, birds, "heron", *ids[:2]) is Way.STORE
    assert await way(visitor, birds, "heron", *ids) is Way.ALL
    with psycopg.connect(superuser_address, autocommit=True) as superuser:
        superuser.execute(RESTRICT)
        assert await way(visitor, birds, "heron") is Way.ALL  # a store knows no readers
        superuser.execute("DELETE FROM restricted_documents")
    monkeypatch.setattr(proposing, "PATIENCE", 0.0)
    slow = {"query": "heron", "mode": "dense"}
    answer = await visitor.http.post(f"/collections/{birds}/search", json=slow)
    assert answer.json()["code"] == "vector_store_unavailable"
    monkeypatch.undo()


@pytest.mark.parametrize("place", [Kind.QDRANT], indirect=True)
async def test_a_document_that_is_always_refused_is_in_nobodys_way_and_is_found_all_the_same(
    place: Place, subject: Subject, owner_address: str
) -> None:
    ada, edge = place.room.visitor(subject), place.edge
    assert edge is not None
    birds = await ada.collection()
    ids = [
        await ada.tell(birds, bird, f"A {bird}.", external_id=bird)
        for bird in ("heron", "stork", "owl")
    ]
    edge.refused[ids[0]] = 500
    assert await place.carried()
    assert await place.store.count(HELD) == 2
    async with await psycopg.AsyncConnection.connect(owner_address, autocommit=True) as owner:
        (failing,) = await changes.failing(owner, 10)
        assert (str(failing.document_id), failing.attempts >= 4) == (ids[0], True)
        assert "500 not this one" in str(failing.reason)
        assert await way(ada, birds, "heron") is Way.STORE
        assert (await named(ada, birds, "heron"))[0] == "heron"  # which PostgreSQL compares
        assert await named(ada, birds, "heron", filters={"document_ids": ids[1:]}) != ["heron"]
        quickly = replace(place.carrying, pause=0.0001)
        task = asyncio.create_task(carried(quickly, ends=False))
        await wait_for(owner, "SELECT 1 FROM vector_changes WHERE due = 'infinity'")
        (failing,) = await changes.failing(owner, 10)
        assert (failing.attempts, failing.again) == (14, None)
        await ada.tell(birds, "crane", "A vogel.", external_id="crane")  # those behind go on
        await wait_for(owner, "SELECT 1 FROM vector_changes HAVING count(*) = 1")
        await end(task)
        assert (await ada.http.delete(f"/documents/{ids[0]}")).status_code == 204
        assert await changes.failing(owner, 10) == []
        held_back = "SELECT due BETWEEN now() + '9 s' AND now() + '30 s' FROM vector_changes"
        assert await (await owner.execute(held_back)).fetchone() == (True,)
        await owner.execute("UPDATE vector_changes SET attempts = 12")
        assert await changes.retry(owner) == 1
        edge.refused.clear()
        assert await place.carried()
        assert (await changes.counted(owner)) == changes.Counted(0, 0, 0)
    assert await place.store.count(HELD) == 3


async def wait_for(owner: changes.Connection, statement: str) -> None:
    async with asyncio.timeout(60):
        while True:
            if await (await owner.execute(statement)).fetchone() is not None:
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("place", [Kind.QDRANT], indirect=True)
async def test_what_a_store_has_lost_is_noticed_and_it_is_told_anew(
    place: Place, subject: Subject, owner_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place.edge is not None
    ada = place.room.visitor(subject)
    birds = await ada.collection()
    ids = [await ada.tell(birds, bird, f"A {bird}.") for bird in ("heron", "stork", "owl")]
    assert await place.carried()
    vector = [0.5] * 64

    async def hold(document_id: str, *ordinals: int) -> None:
        vectors = {HELD: dict.fromkeys(ordinals, vector)} if ordinals else {}
        revision = 1 if ordinals else 2**60  # later than what it holds, or before
        held = Kept(subject.org_id, UUID(birds), UUID(document_id), revision, vectors)
        await place.store.put([held])

    async with await psycopg.AsyncConnection.connect(owner_address, autocommit=True) as owner:
        compared = await checking.compare(owner, place.store, thorough=True)
        assert (compared.vectors, compared.held, compared.amiss) == (3, 3, [])
        await hold(ids[0])  # lost
        await hold(str(UUID(int=7)), 0, 1)  # of nobody
        compared = await checking.compare(owner, place.store, thorough=False)
        told = {str(each.document_id): (each.vectors, each.held) for each in compared.amiss}
        assert told == {ids[0]: (1, 0), str(UUID(int=7)): (0, 2)}
        assert (compared.shares, compared.looked_into, compared.lacking) == (1, 1, 1)
        looking = replace(place.carrying, every=timedelta(0))
        await owner.execute("UPDATE vector_stores SET checked_at = now() - interval '1 hour'")
        monkeypatch.setattr(carrying, "COVERED", 0)
        place.edge.refused[ids[0]] = 500
        task = asyncio.create_task(carried(looking, ends=False))
        await wait_for(owner, "SELECT 1 FROM vector_stores WHERE amiss > 0 AND whole_at IS NULL")
        assert await way(ada, birds, "heron") is Way.ALL
        place.edge.refused.clear()
        await wait_for(owner, "SELECT 1 FROM vector_stores WHERE amiss = 0")
        assert await way(ada, birds, "heron") is Way.STORE
        await end(task)
        compared = await checking.compare(owner, place.store, thorough=True)
        assert (compared.held, compared.amiss) == (3, [])
        await hold(ids[1])
        await hold(str(UUID(int=8)), 0)  # as many as there should be
        assert (await checking.compare(owner, place.store, thorough=False)).amiss == []
        assert len((await checking.compare(owner, place.store, thorough=True)).amiss) == 2


async def test_a_store_that_shows_late_what_was_written_comes_to_hold_what_there_is(
    app_address: str, writer_address: str, owner_address: str, tmp_path: Path, subject: Subject
) -> None:
    fake = FakePinecone(lag=5)
    async with AsyncExitStack() as stack:
        made = store(Chosen(Kind.PINECONE, await stack.enter_async_context(served(fake)), KEY))
        assert isinstance(made, Pinecone)
        made = replace(made, pause=0.001)
        inside = await stack.enter_async_context(
            room(app_address, writer_address, tmp_path, embedder=Concepts(WORDS))
        )
        stack.push_async_callback(made.aclose)
        ada = inside.visitor(subject)
        birds = await ada.collection()
        text = "\n\n".join(f"# {bird}\n\n{bird} " * 3 for bird in WORDS)
        await ada.tell(birds, "birds", text, external_id="birds")
        carrying = Carrying(owner_address, made, pause=0.001)
        assert await carried(carrying)
        await ada.tell(birds, "birds", "A heron.", external_id="birds")
        fake.edge.answers = [(429, "slow down")] * 3
        assert await carried(carrying)
        async with await psycopg.AsyncConnection.connect(owner_address, autocommit=True) as owner:
            for _ in range(10):
                compared = await checking.compare(owner, made, thorough=False)
                await checking.mend(owner, compared)
                await carried(carrying)
            (held,) = fake.indexes.values()
            assert [len(each) for each in held.values()] == [1]
