"""What every store elsewhere has to do, and what comes of it in searches."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from folkmoot.kit.ids import OrgId, new_id
from folkmoot.knowledge.errors import VectorStoreUnavailable
from folkmoot.knowledge.places import Place
from folkmoot.knowledge.vector_stores import changes
from folkmoot.knowledge.vector_stores.choosing import Chosen, Kind, store
from folkmoot.knowledge.vector_stores.chroma import Chroma
from folkmoot.knowledge.vector_stores.pinecone import Pinecone
from folkmoot.knowledge.vector_stores.port import Kept, Model, Share, Sought, VectorStore
from folkmoot.knowledge.vector_stores.qdrant import Qdrant
from folkmoot.knowledge.vector_stores.wire import Wire
from vector_servers import KEY, Edge, FakePinecone, FakeQdrant, chroma, served

pytestmark = pytest.mark.anyio

MODEL, OTHER = Model("test:m", 3), Model("test:other", 2)
ELSEWHERE = [each for each in Kind if each is not Kind.PGVECTOR]
EAST, NORTH, UP = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]


@dataclass
class Served:
    """A store, and what stands before its server if that is ours."""

    store: VectorStore
    edge: Edge | None = None


@dataclass
class Shelf:
    """A document of an organisation's."""

    org_id: OrgId
    collection_id: UUID = field(default_factory=new_id)
    document_id: UUID = field(default_factory=new_id)

    def kept(self, revision: int, *vectors: list[float], model: Model = MODEL) -> Kept:
        held = {model: dict(enumerate(vectors))} if vectors else {}
        return Kept(self.org_id, self.collection_id, self.document_id, revision, held)

    def sought(self, vector: list[float], *documents: "Shelf", model: Model = MODEL) -> Sought:
        only = [each.document_id for each in documents] or None
        return Sought(self.org_id, [self.collection_id], only, model, vector, 10)

    def places(self, *ordinals: int) -> list[Place]:
        return [Place(self.document_id, each) for each in ordinals]


@pytest.fixture(params=ELSEWHERE)
async def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Served]:
    """Each store in turn, empty."""
    kind: Kind = request.param
    async with AsyncExitStack() as stack:
        edge = None
        if kind is Kind.CHROMA:
            url = await stack.enter_async_context(chroma(tmp_path))
        else:
            fake = FakeQdrant() if kind is Kind.QDRANT else FakePinecone()
            url, edge = await stack.enter_async_context(served(fake)), fake.edge
        made = store(Chosen(kind, url, KEY))
        assert made is not None
        if isinstance(made, Pinecone):
            made = replace(made, pause=0.001)
        stack.push_async_callback(made.aclose)
        yield Served(made, edge)


async def test_a_store_keeps_organisations_collections_documents_and_models_apart(
    elsewhere: Served,
) -> None:
    held, ours, theirs = elsewhere.store, OrgId(new_id()), OrgId(new_id())
    one, other, foreign = Shelf(ours), Shelf(ours), Shelf(theirs)
    second = Shelf(ours, one.collection_id)
    assert await held.search(one.sought(EAST)) == []
    assert await held.count(MODEL) == 0
    await held.put([one.kept(1, EAST, NORTH)])
    await held.put([one.kept(1, EAST, NORTH)])
    for each in (other, foreign, second):
        await held.put([each.kept(1, UP)])
    await held.put([other.kept(2, [0.0, 1.0], model=OTHER)])
    assert (await held.count(MODEL), await held.count(OTHER)) == (4, 1)
    shares = {Share(MODEL.digest, ours): 3, Share(MODEL.digest, theirs): 1}
    assert await held.shares() == {**shares, Share(OTHER.digest, ours): 1}
    places = [each async for some in held.places(Share(MODEL.digest, theirs)) for each in some]
    assert places == foreign.places(0)
    assert [some async for some in held.places(Share("0" * 16, theirs)) if some] == []
    found = await held.search(one.sought(EAST))
    assert found[0] == Place(one.document_id, 0)
    assert set(found) == {*one.places(0, 1), *second.places(0)}
    assert (await held.search(one.sought(NORTH)))[0] == Place(one.document_id, 1)
    assert set(await held.search(one.sought(EAST, one))) == set(one.places(0, 1))
    assert await held.search(one.sought(EAST, second)) == second.places(0)
    assert await held.search(foreign.sought(EAST)) == foreign.places(0)
    stolen = replace(foreign.sought(EAST), collections=[one.collection_id])
    assert await held.search(stolen) == []
    assert await held.search(other.sought([0.0, 1.0], model=OTHER)) == other.places(0)


async def test_a_document_is_replaced_as_a_whole_and_forgotten_as_a_whole(
    elsewhere: Served,
) -> None:
    held, ours, theirs = elsewhere.store, Shelf(OrgId(new_id())), Shelf(OrgId(new_id()))
    many = [EAST] * 230
    for each in (ours, theirs):
        await held.put([each.kept(1, *many)])
    share = Share(MODEL.digest, ours.org_id)
    pages = [len(some) async for some in held.places(share)]
    assert (sum(pages), await held.shares()) == (
        230,
        {share: 230, Share(MODEL.digest, theirs.org_id): 230},
    )
    await held.put([ours.kept(2, NORTH, EAST)])
    assert await held.search(ours.sought(EAST)) == ours.places(1, 0)
    assert await held.count(MODEL) == 232
    await held.put([ours.kept(3, [1.0, 0.0], model=OTHER)])
    assert (await held.count(MODEL), await held.count(OTHER)) == (230, 1)
    await held.put([ours.kept(4)])
    assert await held.count(OTHER) == 0
    await held.put([ours.kept(5, EAST)])
    await held.forget(theirs.org_id)
    assert await held.search(theirs.sought(EAST)) == []
    assert await held.search(ours.sought(EAST)) == ours.places(0)
    await held.forget(theirs.org_id)
    await held.clear()
    assert await held.search(ours.sought(EAST)) == []
    await held.put([ours.kept(6, EAST)])
    assert await held.count(MODEL) == 1


async def test_several_documents_are_told_at_once_and_each_gives_up_what_it_had(
    elsewhere: Served,
) -> None:
    held, ours, theirs = elsewhere.store, OrgId(new_id()), OrgId(new_id())
    one, left = Shelf(ours), Shelf(ours)
    two, three, foreign = Shelf(ours, one.collection_id), Shelf(ours), Shelf(theirs)
    await held.put([each.kept(5, *[EAST] * 90) for each in (one, two, three, foreign)])
    await held.put([left.kept(9, UP)])
    assert await held.count(MODEL) == 361
    await held.put(
        [
            one.kept(7, NORTH),
            two.kept(6, EAST, UP),
            three.kept(8),
            foreign.kept(6, [1.0, 0.0], model=OTHER),
        ]
    )
    assert await held.count(MODEL) == 4
    assert await held.count(OTHER) == 1
    assert await held.search(one.sought(NORTH, one)) == one.places(0)
    assert set(await held.search(one.sought(EAST))) == {*one.places(0), *two.places(0, 1)}
    assert await held.search(left.sought(UP)) == left.places(0)
    await held.put([])
    assert await held.count(MODEL) == 4


async def test_a_store_tells_which_documents_it_holds_in_another_state(elsewhere: Served) -> None:
    held, ours, theirs = elsewhere.store, OrgId(new_id()), OrgId(new_id())
    now = 1_764_000_000_000_000
    one, two, short, foreign = Shelf(ours), Shelf(ours), Shelf(ours), Shelf(theirs)
    told = {each.document_id: now for each in (one, two, short, foreign)}
    assert await held.outdated(MODEL, ours, told) == {}  # there is no such place
    await held.put([each.kept(now, EAST, EAST) for each in (one, two, foreign)])
    await held.put([short.kept(now, [1.0, 0.0], model=OTHER)])
    assert await held.outdated(MODEL, ours, told) == {}
    await held.put([one.kept(now + 1, EAST, NORTH, UP), foreign.kept(now + 1, EAST)])
    assert await held.outdated(MODEL, ours, told) == {one.document_id: 3}
    assert await held.outdated(MODEL, ours, told | {one.document_id: now + 1}) == {}
    assert await held.outdated(MODEL, ours, {two.document_id: now - 1}) == {two.document_id: 2}
    assert await held.outdated(OTHER, ours, dict.fromkeys(told, 1)) == {short.document_id: 1}
    assert await held.outdated(MODEL, theirs, dict.fromkeys(told, 1)) == {foreign.document_id: 1}


async def test_a_store_that_is_away_refuses_or_talks_nonsense_is_told_as_one_failure(
    elsewhere: Served,
) -> None:
    held, ours = elsewhere.store, Shelf(OrgId(new_id()))
    await held.put([ours.kept(1, EAST)])
    assert await held.search(ours.sought(EAST)) == ours.places(0)
    if elsewhere.edge is None:
        with pytest.raises(VectorStoreUnavailable) as refused:
            await held.search(ours.sought([1.0]))
        assert not refused.value.lost
        return
    for status, body in [
        (503, "busy"),
        (429, "slow down"),
        (400, "no"),
        (302, "there"),
        (200, "{"),
        (200, '{"result": 3, "matches": 3}'),
    ]:
        elsewhere.edge.answers.append((status, body))
        with pytest.raises(VectorStoreUnavailable) as failed:
            await held.search(ours.sought(EAST))
        told = (failed.value.busy, failed.value.lost, failed.value.answered)
        assert told == (status == 429, False, status)
        assert failed.value.code == "vector_store_unavailable"
    await held.ping()
    elsewhere.edge.away = True
    for asking in (held.search(ours.sought(EAST)), held.put([ours.kept(2, EAST)]), held.ping()):
        with pytest.raises(VectorStoreUnavailable) as failed:
            await asking
        assert failed.value.lost


async def test_a_deployment_leaves_alone_what_another_prefix_has_that_begins_as_its_own(
    elsewhere: Served,
) -> None:
    held = elsewhere.store
    assert isinstance(held, Qdrant | Chroma | Pinecone)
    staging = replace(held, wire=Wire("staging", held.wire.url, held.wire.headers, "folkmoot-next"))
    theirs = Shelf(OrgId(new_id()))
    await staging.put([theirs.kept(1, EAST)])
    await held.put([theirs.kept(1, NORTH)])
    await held.put([theirs.kept(2)])
    await held.forget(theirs.org_id)
    await held.clear()
    assert await staging.count(MODEL) == 1
    await staging.clear()
    assert await staging.count(MODEL) == 0
    await staging.aclose()


async def test_indexes_that_were_not_made_with_their_collection_are_made_up_for() -> None:
    fake, ours = FakeQdrant(), Shelf(OrgId(new_id()))
    async with served(fake) as url:
        held = Qdrant(Wire("Qdrant", url, {"api-key": KEY}))
        await held.put([ours.kept(1, EAST)])
        begun_again = Qdrant(held.wire)  # whoever made it was cut
        await begun_again.put([ours.kept(2, EAST)])
        await begun_again.put([ours.kept(3, EAST)])
        await held.aclose()
    assert fake.indexed == ["org", "collection", "document"] * 2


async def test_what_is_sent_keeps_to_the_limits_of_a_store_and_its_place_is_made_anew() -> None:
    large, ours, fake = Model("test:large", 3_072), Shelf(OrgId(new_id())), FakePinecone()
    vectors = [[-1.2345678901234567e-05] * 3_072] * 60 + [[0.0] * 3_072]
    async with served(fake) as url:
        made = store(Chosen(Kind.PINECONE, url, KEY))
        assert isinstance(made, Pinecone)
        held = replace(made, pause=0.001)
        await held.put([ours.kept(1, *vectors, model=large)])  # megabytes, and one of nothing
        assert await held.count(large) == 61
        fake.indexes.clear()  # as somebody does who begins anew
        await held.put([ours.kept(2, *vectors[:2], model=large)])
        assert await held.count(large) == 2
        await held.aclose()


async def test_a_store_is_not_asked_what_there_is_with_every_document(elsewhere: Served) -> None:
    if elsewhere.edge is None:
        return
    held, org_id = elsewhere.store, OrgId(new_id())
    await held.put([Shelf(org_id).kept(1, EAST)])
    elsewhere.edge.asked.clear()
    for revision in range(20):
        await held.put([Shelf(org_id).kept(revision, EAST)])
    listed = [each for each in elsewhere.edge.asked if each in {"GET /collections", "GET /indexes"}]
    assert listed == []
    assert len(elsewhere.edge.asked) == 40


async def test_a_store_is_not_begun_while_somebody_is_at_the_vectors_for_long(
    owner_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "BEGIN", ("SET LOCAL lock_timeout = '50ms'", *changes.BEGIN[1:]))
    connected = [
        await psycopg.AsyncConnection.connect(owner_address, autocommit=True) for _ in "ab"
    ]
    ours, theirs = connected
    async with ours, theirs:
        async with theirs.transaction():
            await theirs.execute("LOCK TABLE chunk_vectors IN SHARE UPDATE EXCLUSIVE MODE")
            assert not await changes.begin(ours, "qdrant somewhere")
        assert await changes.known(ours) is None
        assert await changes.begin(ours, "qdrant somewhere")
        assert (await changes.begin(ours, None), await changes.known(ours)) == (True, None)
