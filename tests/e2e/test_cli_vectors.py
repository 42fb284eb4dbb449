"""An operator moves vectors into another store."""

import asyncio
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import psycopg

from commanding import Shell
from conftest import SECRET_KEY
from folkmoot.cli.checks.finding import Finding, Status
from folkmoot.cli.checks.vectors import vectors
from folkmoot.kit.ids import new_id
from folkmoot.knowledge.vector_stores import choosing
from folkmoot.knowledge.vector_stores.choosing import Chosen, Kind
from vector_servers import KEY, FakeQdrant, served

FILL = """
INSERT INTO chunk_vectors (org_id, collection_id, document_id, ordinal, model, embedding)
SELECT %s, %s, md5(d::text)::uuid, 0, 'test:m', '[1,2,3]' FROM generate_series(1, 12) AS d
"""


@contextmanager
def qdrant(fake: FakeQdrant | None = None) -> Iterator[str]:
    """Serve a Qdrant beside the test, which waits for commands."""
    loop, known = asyncio.new_event_loop(), threading.Event()
    ends, urls = asyncio.Event(), list[str]()

    async def serve() -> None:
        async with served(fake or FakeQdrant()) as url:
            urls.append(url)
            known.set()
            await ends.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert known.wait(60)
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(ends.set)
        thread.join()
        loop.close()


def test_the_doctor_tells_whether_the_store_answers() -> None:
    def found(url: str, key: str) -> Finding:
        chosen = choosing.store(Chosen(Kind.QDRANT, url, key))
        assert chosen is not None
        return vectors(chosen)

    with qdrant() as url:
        assert found(url, KEY).status is Status.OK
        refused = found(url, "another key")
        assert (refused.status, "401" in refused.detail) == (Status.WARNING, True)
    assert found(url, KEY).status is Status.WARNING


NOTHING: dict[str, object] = {
    **dict.fromkeys(("waiting", "failing", "given_up", "amiss"), 0),
    "told": None,
    "checked_at": None,
    "refused": [],
}


@contextmanager
def deployment(
    fake: FakeQdrant, owner: str, app: str, directory: Path
) -> Iterator[tuple[Shell, Shell, str]]:
    """Yield the command line before a Qdrant and without one, and what the store is called."""
    org_id = new_id()
    with psycopg.connect(app) as connection:
        connection.execute("SELECT set_config('app.org', %s, true)", (str(org_id),))
        connection.execute(FILL, (org_id, new_id()))
    usual = {
        "FOLKMOOT_DATABASE_URL": owner,
        "FOLKMOOT_SECRET_KEY": SECRET_KEY,
        "FOLKMOOT_DATA_DIR": str(directory),
    }
    with qdrant(fake) as url:
        elsewhere = {
            "FOLKMOOT_VECTOR_STORE": "qdrant",
            "FOLKMOOT_VECTOR_STORE_URL": url,
            "FOLKMOOT_VECTOR_STORE_API_KEY": KEY,
        }
        yield Shell({**usual, **elsewhere}), Shell(usual), f"qdrant {url}"


def test_vectors_are_moved_counted_and_searched_elsewhere_from_then_on(
    owner_address: str, app_address: str, tmp_path: Path
) -> None:
    fake = FakeQdrant()
    with deployment(fake, owner_address, app_address, tmp_path) as (folkmoot, plain, name):
        before = NOTHING | {"configured": "qdrant", "searched": "pgvector"}
        assert folkmoot("vectors", "status", "--json").json == before
        wrong = folkmoot("vectors", "migrate", "--to", "chroma")
        assert (wrong.code, "FOLKMOOT_VECTOR_STORE=chroma" in wrong.err) == (1, True)
        refused = str(UUID(hashlib.md5(b"7", usedforsecurity=False).hexdigest()))
        fake.edge.refused[refused] = 400
        moved = folkmoot("vectors", "migrate", "--to", "qdrant")
        assert (moved.code, f"searched by {name}" in moved.err) == (1, True)
        assert refused in moved.out
        allowed = folkmoot("vectors", "migrate", "--to", "qdrant", "--allow-refused", "--json")
        assert (allowed.code, allowed.json["refused"][0]["document_id"]) == (0, refused)
        fake.edge.refused.clear()
        assert "1 documents" in folkmoot("vectors", "retry").err
        assert folkmoot("vectors", "migrate", "--to", "qdrant").code == 0
        status = folkmoot("vectors", "status", "--json").json
        after = {"configured": "qdrant", "told": name, "searched": name}
        assert status == NOTHING | after | {"checked_at": status["checked_at"]}
        back = plain("vectors", "migrate", "--to", "pgvector", "--json")
        assert back.json == before | {"configured": "pgvector"}


def test_a_store_is_compared_and_told_anew_of_what_it_has_lost(
    owner_address: str, app_address: str, tmp_path: Path
) -> None:
    fake = FakeQdrant()
    with deployment(fake, owner_address, app_address, tmp_path) as (folkmoot, plain, _):
        assert plain("vectors", "check").code == 1  # there is nothing to compare with
        assert folkmoot("vectors", "check").code == 1
        assert folkmoot("vectors", "migrate", "--to", "qdrant").code == 0
        (space,) = fake.client.get_collections().collections
        fake.client.delete_collection(space.name)
        lost = folkmoot("vectors", "check", "--json")
        assert (lost.code, len(lost.json["amiss"]), lost.json["held"]) == (1, 12, 0)
        assert folkmoot("vectors", "check", "--repair").code == 0
        assert "Nothing is amiss." in folkmoot("vectors", "check", "--thorough").err
