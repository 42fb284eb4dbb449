"""Reading documents when something comes in between."""

import asyncio
from pathlib import Path
from typing import Any, LiteralString, cast
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from folkmoot.kit.ids import DocumentId, RunId
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.ingesting.fetching import Claimed
from folkmoot.knowledge.ingesting.ingest import IngestExecutor
from folkmoot.knowledge.ingesting.progress import Reporter, Superseded
from folkmoot.llm.errors import ModelUnavailable
from folkmoot.runs.errors import LeaseLost
from knowing import Room, Visitor, room
from pdfs import Text, column, pdf
from running import until

pytestmark = pytest.mark.anyio

HERON = b"The heron stands in shallow water and waits for fish."


async def indexed(place: Room, visitor: Visitor) -> dict[str, int]:
    """Count what the index holds."""
    tables = ("chunks", "chunk_vectors", "postings", "document_texts")
    async with place.database.work(visitor.subject) as work:
        return {
            table: (await work.session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
            for table in tables
        }


async def statistics(place: Room, visitor: Visitor) -> tuple[list[Any], list[Any]]:
    """Return the statistics as they are kept, and as they would be counted."""
    async with place.database.work(visitor.subject) as work:
        kept = await work.session.execute(
            text("SELECT language, chunks, length FROM collection_languages WHERE chunks <> 0")
        )
        counted = await work.session.execute(
            text("SELECT language, count(*), sum(length)::bigint FROM chunks GROUP BY language")
        )
        return sorted(map(tuple, kept)), sorted(map(tuple, counted))


async def test_an_embedder_that_fails_fails_the_document_with_its_reason(
    place: Room, ada: Visitor
) -> None:
    place.embedder.failure = ModelUnavailable("test:gone")
    document = await ada.read(await ada.collection(), "a.txt", HERON)
    assert document["status"] == "failed"
    assert "test:gone does not answer" in document["error"]
    assert await indexed(place, ada) == dict.fromkeys(await indexed(place, ada), 0)


async def test_a_document_deleted_while_it_is_read_does_not_come_back(
    place: Room, ada: Visitor
) -> None:
    collection = await ada.collection()
    place.embedder.gate.clear()
    accepted = await ada.send(collection, ("a.txt", HERON))
    await ada.reached(accepted["document_ids"][0], "processing")
    assert (await ada.http.delete(f"/documents/{accepted['document_ids'][0]}")).status_code == 204
    place.embedder.gate.set()
    await ada.ended(accepted["run_id"])
    assert await ada.search(collection, "heron") == []
    assert set((await indexed(place, ada)).values()) == {0}


async def test_what_is_replaced_while_it_is_read_ends_as_the_newer_text(
    place: Room, ada: Visitor
) -> None:
    collection = await ada.collection()
    place.embedder.gate.clear()
    first = await ada.send(collection, ("a.txt", HERON), external_id="x")
    await ada.reached(first["document_ids"][0], "processing")
    second = await ada.send(collection, ("a.txt", b"The stork flies."), external_id="x")
    assert second["document_ids"] == first["document_ids"]
    place.embedder.gate.set()
    await ada.ended(first["run_id"])
    document = await ada.settled(first["document_ids"][0])
    assert (document["status"], document["run_id"]) == ("ready", second["run_id"])
    assert [hit["text"] for hit in await ada.search(collection, "heron stork")] == [
        "The stork flies."
    ]


async def test_a_cancelled_run_leaves_no_document_pending(place: Room, ada: Visitor) -> None:
    collection = await ada.collection()
    place.embedder.gate.clear()
    accepted = await ada.send(collection, ("a.txt", HERON), ("b.txt", b"A stork."))
    first, second = accepted["document_ids"]
    await ada.reached(first, "processing")
    place.supervisor.cancel(RunId(UUID(accepted["run_id"])))
    await ada.ended(accepted["run_id"])
    for document_id in (first, second):
        document = await ada.document(document_id)
        assert (document["status"], document["error"]) == ("cancelled", None)
    counted = (await ada.http.get(f"/collections/{collection}")).json()
    assert (counted["documents"], counted["pending_documents"]) == (2, 0)


async def test_a_run_whose_process_stops_is_finished_by_another(
    app_address: str, writer_address: str, tmp_path: Path, subject: Subject
) -> None:
    blobs = tmp_path / "blobs"
    async with room(app_address, writer_address, blobs) as first:
        ada = first.visitor(subject)
        collection = await ada.collection()
        first.embedder.gate.clear()
        accepted = await ada.send(collection, ("a.txt", HERON), ("b.txt", b"A stork."))
        await ada.reached(accepted["document_ids"][0], "processing")
        await first.supervisor.drain(grace=0)
    async with room(app_address, writer_address, blobs, workers=0) as second:
        ada = second.visitor(subject)
        for document_id in accepted["document_ids"]:
            assert (await ada.settled(document_id))["status"] == "ready"
        assert len(await ada.search(collection, "heron stork")) == 2
        events = [event.type for event in await ada.log(accepted["run_id"])]
        assert events.count("ingest.document_ready") == 2
        assert events[-1] == "run.finished"
        kept, counted = await statistics(second, ada)
        assert kept == counted


@pytest.mark.parametrize(
    ("told", "status"), [("deaths = 2", "failed"), ("attempt = 9, deaths = 1", "ready")]
)
async def test_a_document_that_takes_its_process_down_is_given_up(
    place: Room, ada: Visitor, superuser_address: str, told: LiteralString, status: str
) -> None:
    """Unlike one that is interrupted by deployments, and unlike its neighbours."""
    collection = await ada.collection()
    place.embedder.gate.clear()
    accepted = await ada.send(collection, ("a.txt", HERON), ("b.txt", b"A stork."))
    first, second = accepted["document_ids"]
    await until(lambda: len(place.embedder.asked) == 1)
    with psycopg.connect(superuser_address) as connection:
        # As the processes left it that died over it, or let go of it; this one is the next.
        connection.execute(b"UPDATE runs SET " + told.encode())
        connection.execute("UPDATE processes SET alive = false")
    await until(lambda: not place.supervisor.hub.live)
    place.embedder.gate.set()
    poisoned = await ada.settled(first)
    assert poisoned["status"] == status
    assert status == "ready" or "several times" in poisoned["error"]
    assert (await ada.settled(second))["status"] == "ready"


async def test_what_a_process_does_that_was_taken_for_dead_is_not_kept(
    place: Room, ada: Visitor, superuser_address: str
) -> None:
    """A document that another one has read stays read, and one that it reads is left to it."""
    collection = await ada.collection()
    place.embedder.gate.clear()
    accepted = await ada.send(collection, ("a.txt", HERON), ("b.txt", b"A stork."))
    first, second = (DocumentId(UUID(name)) for name in accepted["document_ids"])
    await until(lambda: len(place.embedder.asked) == 1)
    executor = cast(IngestExecutor, place.supervisor.kinds["ingest"].executor)
    run = place.supervisor.hub.live[RunId(UUID(accepted["run_id"]))]
    claims = [await executor._claim(run, each, deadly=False) for each in (first, second)]
    with psycopg.connect(superuser_address) as connection:
        connection.execute("UPDATE processes SET alive = false")
        connection.execute("UPDATE documents SET status = 'ready' WHERE id = %s", (first,))
    ready, reading = [each for each in claims if isinstance(each, Claimed)]
    assert await executor._fail(run, ready, "late") is None
    with pytest.raises(LeaseLost):
        await executor._fail(run, reading, "late")
    with pytest.raises(Superseded):
        await Reporter(place.database, run, first)._store({"stage": "embed"})
    place.embedder.gate.set()
    assert (await ada.settled(str(second)))["status"] == "ready"
    document = await ada.document(str(first))
    assert (document["status"], document["progress"]) == ("ready", None)


async def test_a_file_store_that_is_away_is_awaited(
    app_address: str, writer_address: str, tmp_path: Path, subject: Subject
) -> None:
    blobs = tmp_path / "blobs"
    async with room(app_address, writer_address, blobs, workers=0) as idle:
        ada = idle.visitor(subject)
        collection = await ada.collection()
        accepted = await ada.send(collection, ("a.txt", HERON))
    with capture_logs() as logs:
        async with room(app_address, writer_address, blobs) as place:
            blobs.rename(tmp_path / "away")
            blobs.write_text("no directory")
            ada = place.visitor(subject)
            await until(lambda: "blobs.unavailable" in [line["event"] for line in logs])
            blobs.unlink()
            (tmp_path / "away").rename(blobs)
            assert (await ada.settled(accepted["document_ids"][0]))["status"] == "ready"


async def test_one_document_read_twice_at_once_is_indexed_once(place: Room, ada: Visitor) -> None:
    collection = await ada.collection()
    place.embedder.gate.clear()
    accepted = await ada.send(collection, ("a.txt", HERON))
    document_id = accepted["document_ids"][0]
    await ada.reached(document_id, "processing")
    run = place.supervisor.hub.live[RunId(UUID(accepted["run_id"]))]
    again = asyncio.ensure_future(place.supervisor.kinds["ingest"].executor(run))
    await until(lambda: len(place.embedder.asked) == 2)
    place.embedder.gate.set()
    await again
    await ada.ended(accepted["run_id"])
    assert (await ada.document(document_id))["status"] == "ready"
    assert len(await ada.search(collection, "heron")) == 1
    held = await indexed(place, ada)
    assert (held["chunks"], held["chunk_vectors"], held["document_texts"]) == (1, 1, 1)
    kept, counted = await statistics(place, ada)
    assert kept == counted


async def test_statistics_stay_exact_through_everything_at_once(place: Room, ada: Visitor) -> None:
    collection = await ada.collection()
    words = [
        "heron",
        "stork",
        "Fischreiher und Störche",
        "les hérons sont des oiseaux",
        "鷺は鳥です",
    ]

    async def live(number: int) -> None:
        document = ""
        for turn in range(3):
            body = f"{words[(number + turn) % len(words)]} " * (turn + 1)
            document = await ada.tell(collection, f"D{number}", body, external_id=str(number))
        if number % 2:
            assert (await ada.http.delete(f"/documents/{document}")).status_code == 204

    await asyncio.gather(*map(live, range(8)))
    kept, counted = await statistics(place, ada)
    assert kept == counted
    assert len(counted) > 1


@pytest.fixture
async def large(ada: Visitor) -> tuple[str, str]:
    """A PDF of a hundred pages, in a collection."""
    pages = [
        [
            Text(60, 780, f"Chapter {n}", 20),
            *column(60, 740, [f"On page {n} the heron number {n} waits for fish."] * 20),
        ]
        for n in range(1, 101)
    ]
    collection = await ada.collection()
    document = await ada.read(collection, "hundred.pdf", pdf(pages))
    assert document["status"] == "ready", document["error"]
    return collection, document["id"]


async def test_a_hundred_pages_are_cited_page_by_page(ada: Visitor, large: tuple[str, str]) -> None:
    collection, document_id = large
    document = await ada.document(document_id)
    assert (document["pages"], document["chunks"]) == (100, 100)
    read = (await ada.http.get(f"/documents/{document_id}/text")).json()
    for number in (1, 37, 100):
        (hit, *_) = await ada.search(collection, f"heron number {number}")
        assert (hit["page"], hit["section"]) == (number, f"Chapter {number}")
        page = read["pages"][number - 1]
        assert page["start"] <= hit["start"] < hit["end"] <= page["end"]
        assert read["text"][hit["start"] : hit["end"]] == hit["text"]


async def test_deleting_a_hundred_pages_leaves_nothing_behind(
    place: Room, ada: Visitor, large: tuple[str, str]
) -> None:
    collection, document_id = large
    assert (await ada.http.delete(f"/documents/{document_id}")).status_code == 204
    assert await ada.search(collection, "heron") == []
    assert set((await indexed(place, ada)).values()) == {0}
    kept, counted = await statistics(place, ada)
    assert kept == counted == []
