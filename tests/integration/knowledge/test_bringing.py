"""Documents are told to a store together, and fail alone."""

from uuid import UUID

import psycopg
import pytest

from folkmoot.kit.ids import OrgId, new_id
from folkmoot.knowledge.errors import VectorStoreUnavailable
from folkmoot.knowledge.vector_stores import changes
from folkmoot.knowledge.vector_stores.carrying import Carrying
from folkmoot.knowledge.vector_stores.choosing import Chosen, Kind, store
from folkmoot.knowledge.vector_stores.port import Model
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
    with psycopg.connect(app_address) as connection:
        connection.execute("SELECT set_config('app.org', %s, true)", (str(org_id),))
        connection.execute(FILL, {"org_id": org_id, "documents": documents, "chunks": chunks})
    return org_id


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
        assert (failing.document_id, failing.attempts) == (documents[3], 4)
        assert await changes.counted(owner) == changes.Counted(0, 1, 0)

        fake.edge.refused.clear()
        fake.edge.away = True
        await changes.retry(owner)
        await changes.mend(owner, [(org_id, each) for each in documents])
        with pytest.raises(VectorStoreUnavailable):
            await carrying.run(silent, ends=True)
        assert await changes.counted(owner) == changes.Counted(12, 0, 0)  # nobody's failure
        await made.aclose()
