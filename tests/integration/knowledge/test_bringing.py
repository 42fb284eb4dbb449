"""Documents are told to a store together, and fail alone."""

from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest

from folkmoot.kit.ids import OrgId, new_id
from folkmoot.knowledge.errors import VectorStoreUnavailable
from folkmoot.knowledge.vector_stores import ageing, changes, checking
from folkmoot.knowledge.vector_stores.carrying import Carrying
from folkmoot.knowledge.vector_stores.choosing import Chosen, Kind, store
from folkmoot.knowledge.vector_stores.port import Kept, Model
from vector_servers import KEY, FakeQdrant, served

pytestmark = pytest.mark.anyio

MODEL = Model("test:m", 3)
FILL = """
INSERT INTO chunk_vectors (org_id, collection_id, document_id, ordinal, model, embedding)
SELECT %(org_id)s, %(org_id)s, md5(d::text)::uuid, n, 'test:m', '[1,0,0]'
FROM generate_series(1, %(documents)s) AS d, generate_series(1, %(chunks)s) AS n
"""


def filled(app_address: str, documents: int, chunks: int) -> OrgId:
    """Fill an organisation with documents of so many vectors each."""
    org_id = OrgId(new_id())
    changed(app_address, org_id, FILL, {"org_id": org_id, "documents": documents, "chunks": chunks})
    return org_id


def changed(app_address: str, org_id: OrgId, query: LiteralString, values: Any) -> None:
    """Change something of an organisation's."""
    with psycopg.connect(app_address) as connection:
        connection.execute("SELECT set_config('app.org', %s, true)", (str(org_id),))
        connection.execute(query, values)


async def told(owner: psycopg.AsyncConnection[Any]) -> dict[UUID, int]:
    """Return the revisions that a store was told last."""
    rows = await owner.execute("SELECT document_id, revision FROM vectors_told")
    return dict(await rows.fetchall())


SETTLE = "UPDATE vectors_told SET told_at = told_at - interval '2 minutes'"


def silent(_left: int) -> None:
    """Tell nobody."""


async def test_small_documents_take_few_requests_and_one_that_is_refused_fails_alone(
    app_address: str, owner_address: str
) -> None:
    org_id, fake = filled(app_address, documents=12, chunks=40), FakeQdrant()
    async with (
        served(fake) as url,
        await psycopg.AsyncConnection.connect(owner_address, autocommit=True) as owner,
    ):
        made = store(Chosen(Kind.QDRANT, url, KEY))
        assert made is not None
        carrying = Carrying(owner_address, made, pause=0.001)
        assert await carrying.run(silent, ends=True)
        assert await made.count(MODEL) == 480
        sent = [each.rpartition("/")[2] for each in fake.edge.asked]
        assert (sent.count("points"), sent.count("delete")) == (3, 3)  # 200 vectors at a time

        held = await owner.execute("SELECT DISTINCT document_id FROM chunk_vectors")
        documents = [UUID(str(each)) for (each,) in await held.fetchall()]
        fake.edge.refused[str(documents[3])] = 500
        await changes.mend(owner, [(org_id, each) for each in documents])
        assert await carrying.run(silent, ends=True)
        (failing,) = await changes.failing(owner, 20)
        # It may be due again within a round: pauses are short here.
        assert (failing.document_id, failing.attempts >= 4) == (documents[3], True)
        assert await changes.counted(owner) == changes.Counted(0, 1, 0)

        fake.edge.refused.clear()
        fake.edge.away = True
        await changes.retry(owner)
        await changes.mend(owner, [(org_id, each) for each in documents])
        with pytest.raises(VectorStoreUnavailable):
            await carrying.run(silent, ends=True)
        assert await changes.counted(owner) == changes.Counted(12, 0, 0)  # nobody's failure
        await made.aclose()


async def test_a_store_that_was_set_back_is_noticed_and_told_anew(
    app_address: str, owner_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ageing, "AT_ONCE", 2)
    monkeypatch.setattr(ageing, "PAGE", 2)
    org_id = filled(app_address, documents=5, chunks=3)
    async with (
        served(FakeQdrant()) as url,
        await psycopg.AsyncConnection.connect(owner_address, autocommit=True) as owner,
    ):
        made = store(Chosen(Kind.QDRANT, url, KEY))
        assert made is not None
        carrying = Carrying(owner_address, made, pause=0.001)
        assert await carrying.run(silent, ends=True)

        async def amiss(*, thorough: bool) -> dict[UUID, tuple[int, int]]:
            compared = await checking.compare(owner, made, thorough=thorough)
            return {each.document_id: (each.vectors, each.held) for each in compared.amiss}

        async def set_back(*documents: UUID) -> None:
            """Hold as many vectors as there should be, as they were once."""
            await made.forget(org_id)
            for each, at in before.items():
                vectors = {MODEL: {ordinal: [1.0, 0.0, 0.0] for ordinal in (1, 2, 3)}}
                revision = at - (each in documents)
                await made.put([Kept(org_id, org_id, each, revision, vectors)])

        before = await told(owner)
        first, *_, last = sorted(before)
        assert (len(before), await amiss(thorough=True)) == (5, {})
        await set_back(first, last)
        assert await amiss(thorough=True) == {}  # they have been told this minute
        await owner.execute(SETTLE)
        await owner.execute(f"{SETTLE} WHERE document_id = %s", (first,))
        await set_back(first)
        assert await amiss(thorough=False) == {}  # it is none of the latest
        assert await amiss(thorough=True) == {first: (3, 0)}
        await owner.execute(f"{SETTLE} WHERE document_id <> %s", (last,))
        await set_back(first, last)
        assert await amiss(thorough=False) == {first: (3, 0), last: (3, 0)}
        await checking.mend(owner, await checking.compare(owner, made, thorough=False))
        assert await amiss(thorough=True) == {}  # it is going to be told
        assert await carrying.run(silent, ends=True)
        await owner.execute(SETTLE)
        assert await amiss(thorough=True) == {}

        changed(app_address, org_id, "DELETE FROM chunk_vectors WHERE document_id = %s", (first,))
        assert await carrying.run(silent, ends=True)
        assert first not in await told(owner)
        await made.aclose()
