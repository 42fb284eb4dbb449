"""Documents over the API: sent, read, replaced, deleted."""

import asyncio
import json
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from folkmoot.http.body_limit import LIMIT
from folkmoot.http.edge import EdgeOptions, edge
from folkmoot.kit.ids import DocumentId, new_id
from folkmoot.knowledge import documents
from folkmoot.knowledge.schemas import TextCreate
from knowing import Room, Visitor
from pdfs import Text, column, encrypted, pdf

pytestmark = pytest.mark.anyio

REPORT = pdf(
    [
        [Text(60, 780, "Annual report", 20), *column(60, 740, ["The heron earned 12 fish."])],
        column(60, 740, ["The stork lost them again."]),
    ]
)


@pytest.mark.core
async def test_a_pdf_becomes_ready_with_pages_text_and_its_file(ada: Visitor) -> None:
    collection = await ada.collection()
    document = await ada.read(collection, "report.pdf", REPORT, metadata='{"year": 2024}')
    assert (document["status"], document["title"]) == ("ready", "report")
    assert (document["media_type"], document["bytes"]) == ("application/pdf", len(REPORT))
    assert (document["pages"], document["chunks"], document["language"]) == (2, 2, "en")
    assert (document["metadata"], document["error"], document["progress"]) == (
        {"year": 2024},
        None,
        None,
    )
    path = f"/documents/{document['id']}"
    read = (await ada.http.get(f"{path}/text")).json()
    second = read["pages"][1]
    assert read["text"][second["start"] : second["end"]] == "The stork lost them again."
    file = await ada.http.get(f"{path}/file")
    assert file.content == REPORT
    assert file.headers["content-disposition"].startswith("attachment;")
    assert file.headers["x-content-type-options"] == "nosniff"


async def test_several_files_are_read_by_one_run_and_the_list_shows_them(ada: Visitor) -> None:
    collection = await ada.collection()
    accepted = await ada.send(
        collection, ("a.md", b"# Herons\n\nwade"), ("b.txt", b"Storks fly."), ("c.pdf", REPORT)
    )
    assert len(accepted["document_ids"]) == 3
    for document_id in accepted["document_ids"]:
        assert (await ada.settled(document_id))["status"] == "ready"
    listed = (await ada.http.get(f"/collections/{collection}/documents")).json()["items"]
    assert [each["title"] for each in listed] == ["c", "b", "a"]
    assert {each["run_id"] for each in listed} == {accepted["run_id"]}
    counted = (await ada.http.get(f"/collections/{collection}")).json()
    assert (counted["documents"], counted["pending_documents"]) == (3, 0)


async def test_fields_describe_the_files_behind_them(ada: Visitor) -> None:
    collection = await ada.collection()
    document = await ada.read(
        collection, "x.txt", b"A heron.", title="Herons", external_id="h-1", metadata='{"a": [1]}'
    )
    assert (document["title"], document["external_id"]) == ("Herons", "h-1")
    (hit,) = await ada.search(collection, "heron")
    assert (hit["external_id"], hit["title"]) == ("h-1", "Herons")


async def test_a_document_keeps_the_name_of_its_file(ada: Visitor) -> None:
    collection = await ada.collection()
    document = await ada.read(collection, "C:\\My files\\Häron 1.txt", b"A heron.", title="Herons")
    assert (document["title"], document["filename"]) == ("Herons", "Häron 1.txt")
    file = await ada.http.get(f"/documents/{document['id']}/file")
    assert file.headers["content-disposition"].endswith("''H%C3%A4ron%201.txt")
    text_id = await ada.tell(collection, "Note", "A stork.")
    assert (await ada.document(text_id))["filename"] is None


async def test_a_text_needs_no_file(ada: Visitor) -> None:
    collection = await ada.collection()
    document_id = await ada.tell(collection, "Note", "A heron\r\nwades.\u200b", metadata={"a": 1})
    read = (await ada.http.get(f"/documents/{document_id}/text")).json()
    assert read == {
        "document_id": document_id,
        "title": "Note",
        "text": "A heron\nwades.",
        "pages": [],
    }
    file = await ada.http.get(f"/documents/{document_id}/file")
    assert file.content == "A heron\r\nwades.\u200b".encode()


async def test_a_run_tells_its_stages_in_order(ada: Visitor) -> None:
    document = await ada.read(await ada.collection(), "report.pdf", REPORT)
    events = await ada.log(document["run_id"])
    told = [json.loads(event.payload or b"")["value"] for event in events[1:-1]]
    stages = dict.fromkeys(each["stage"] for each in told[:-1])  # a slow one is told twice
    assert list(stages) == ["parse", "chunk", "embed", "index"]
    assert told[-1] == {"document_id": document["id"], "chunks": 2, "pages": 2}
    assert [events[0].type, events[-2].type, events[-1].type] == [
        "run.started",
        "ingest.document_ready",
        "run.finished",
    ]


async def test_one_bad_file_fails_alone_and_says_why(ada: Visitor) -> None:
    collection = await ada.collection()
    accepted = await ada.send(collection, ("locked.pdf", encrypted()), ("b.txt", b"A stork."))
    locked, stork = [await ada.settled(each) for each in accepted["document_ids"]]
    assert (locked["status"], locked["error"]) == (
        "failed",
        "The PDF is protected by a password.",
    )
    assert stork["status"] == "ready"
    events = {event.type: event for event in await ada.log(accepted["run_id"])}
    assert "run.finished" in events
    value = json.loads(events["ingest.document_failed"].payload or b"")["value"]
    assert value == {"document_id": locked["id"], "error": locked["error"]}
    answer = await ada.http.get(f"/documents/{locked['id']}/text")
    assert (answer.status_code, answer.json()["code"]) == (409, "document_not_ready")


async def test_a_run_that_read_nothing_has_failed(ada: Visitor) -> None:
    document = await ada.read(await ada.collection(), "locked.pdf", encrypted())
    last = (await ada.log(document["run_id"]))[-1]
    assert last.type == "run.failed"
    assert json.loads(last.payload or b"")["code"] == "nothing_indexed"


async def test_sending_an_external_id_again_replaces_the_document(
    place: Room, ada: Visitor
) -> None:
    collection = await ada.collection()
    first = await ada.tell(collection, "One", "The heron wades.", external_id="x")
    second = await ada.tell(collection, "Two", "The stork flies.", external_id="x")
    assert first == second
    assert await ada.search(collection, "heron", mode="lexical") == []
    (hit,) = await ada.search(collection, "stork", mode="lexical")
    assert (hit["document_id"], hit["title"]) == (first, "Two")
    assert (await ada.document(first))["chunks"] == 1
    await place.blobs_are(1)


async def test_an_external_id_belongs_to_its_collection(ada: Visitor) -> None:
    one, two = await ada.collection(), await ada.collection()
    assert await ada.tell(one, "A", "heron", external_id="x") != await ada.tell(
        two, "B", "heron", external_id="x"
    )


async def test_a_failed_replacement_leaves_the_old_text_findable(ada: Visitor) -> None:
    collection = await ada.collection()
    await ada.read(collection, "a.txt", b"The heron wades.", external_id="x")
    document = await ada.read(collection, "a.pdf", encrypted(), external_id="x")
    assert document["status"] == "failed"
    assert len(await ada.search(collection, "heron")) == 1


async def test_ten_uploads_of_one_external_id_at_once_make_one_document(
    place: Room, ada: Visitor
) -> None:
    collection = await ada.collection()
    ids = await asyncio.gather(
        *(ada.tell(collection, f"T{n}", f"heron number {n}", external_id="x") for n in range(10))
    )
    assert len(set(ids)) == 1
    (hit,) = await ada.search(collection, "heron")
    assert hit["text"] == f"heron number {hit['title'][1:]}"
    counted = (await ada.http.get(f"/collections/{collection}")).json()
    assert (counted["documents"], counted["pending_documents"]) == (1, 0)
    await place.blobs_are(1)


async def test_a_document_may_be_sent_again_while_it_is_being_deleted(
    place: Room, ada: Visitor
) -> None:
    collection = await ada.collection()
    first = await ada.tell(collection, "One", "The heron wades.", external_id="x")
    async with place.database.work(ada.subject) as work:
        await work.session.execute(text("SELECT 1 FROM documents FOR UPDATE"))
        again = asyncio.create_task(ada.send(collection, ("b.txt", b"A stork."), external_id="x"))
        await waits_for_a_lock(place)
        held = await documents.hold_to_change(work, DocumentId(UUID(first)))
        await documents.erase(work, held)
    accepted = await again
    document = await ada.settled(accepted["document_ids"][0])
    assert (document["id"] != first, document["status"]) == (True, "ready")
    assert (await ada.http.get(f"/documents/{first}")).status_code == 404


async def test_a_document_is_deleted_only_as_it_was_seen(ada: Visitor) -> None:
    collection = await ada.collection()
    document = await ada.tell(collection, "One", "The heron wades.", external_id="x")
    path = f"/documents/{document}"
    seen = (await ada.http.get(path)).headers["etag"]
    assert (await ada.http.get(path, headers={"If-None-Match": seen})).status_code == 304
    await ada.tell(collection, "One", "A stork.", external_id="x")
    late = await ada.http.delete(path, headers={"If-Match": seen})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    now = (await ada.http.get(path)).headers["etag"]
    assert (await ada.http.delete(path, headers={"If-Match": now})).status_code == 204


async def test_documents_are_listed_as_asked_for(ada: Visitor) -> None:
    collection = await ada.collection()
    for title in ("b", "C", "a"):
        await ada.tell(collection, title, f"Of {title}.")
    await ada.send(collection, ("bad.pdf", b"%PDF-1.7 nothing"))
    path = f"/collections/{collection}/documents"
    for sort, expected in (("title", "abC"), ("-title", "Cba"), ("created_at", "bCa")):
        asked = {"sort": sort, "status": "ready"}
        listed = (await ada.http.get(path, params=asked)).json()["items"]
        assert "".join(each["title"] for each in listed) == expected
    wrong = await ada.http.get(path, params={"sort": "blob_key"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/query/sort")
    garbage = await ada.http.get(path, params={"cursor": "garbage"})
    assert (garbage.status_code, garbage.json()["code"]) == (422, "cursor_invalid")


async def waits_for_a_lock(place: Room) -> None:
    """Wait until somebody in the database waits for somebody else."""
    async with asyncio.timeout(60), place.database.unscoped() as connection:
        while True:
            waiting = await connection.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
            if await waiting.fetchone() is not None:
                return
            await asyncio.sleep(0.01)


async def test_a_deleted_document_is_found_no_more(place: Room, ada: Visitor) -> None:
    collection = await ada.collection()
    document = await ada.tell(collection, "H", "The heron wades.")
    await ada.tell(collection, "S", "The stork flies.")
    assert (await ada.http.delete(f"/documents/{document}")).status_code == 204
    for mode in ("hybrid", "lexical", "dense"):
        assert document not in [
            hit["document_id"] for hit in await ada.search(collection, "heron", mode=mode)
        ]
    assert (await ada.http.get(f"/documents/{document}")).status_code == 404
    assert (await ada.http.delete(f"/documents/{document}")).status_code == 404
    await place.blobs_are(2)


@pytest.mark.parametrize("path", ["", "/text", "/file"])
async def test_another_organisations_document_is_like_a_missing_one(
    ada: Visitor, eve: Visitor, path: str
) -> None:
    document = await ada.tell(await ada.collection(), "H", "The heron wades.")

    async def get(visitor: Visitor, id_: object) -> httpx.Response:
        return await visitor.http.get(f"/documents/{id_}{path}")

    foreign, missing = await get(eve, document), await get(eve, new_id())
    assert foreign.status_code == missing.status_code == 404
    assert foreign.json() | {"instance": ""} == missing.json() | {"instance": ""}
    assert (await get(ada, document)).status_code == 200
    assert (await eve.http.delete(f"/documents/{document}")).status_code == 404
    assert (await get(ada, document)).status_code == 200


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/plain", b"hello", 415),
        ("", b"hello", 415),
        ("application/json", b"{", 422),
        ("application/json", b"[]", 422),
        ("application/json", b'{"title": "x"}', 422),
        ("application/json", b'{"title": " ", "text": "x"}', 422),
        ("application/json", b'{"title": "x", "text": " "}', 422),
        ("application/json", b'{"title": "x", "text": "y", "metadata": 5}', 422),
        ("application/json", b'{"title": "x", "text": "\\ud800"}', 422),
        ("application/json", b'{"title": "x", "text": "y\\u0000"}', 422),
        ("application/json", b'{"title": "x", "text": "y", "external_id": "\\u0000"}', 422),
        ("application/json", b'{"title": "x", "text": "y", "metadata": {"a": ["\\u0000"]}}', 422),
        ("application/json", b'{"title": "x", "text": "y", "metadata": {"\\u0000": 1}}', 422),
        ("application/json", b'{"title": "x", "text": "y", "metadata": {"a": 1e999}}', 422),
        ("application/json", b'{"url": "http://127.0.0.1/"}', 422),
        ("application/json", b"[" * 200_000, 422),
        ("multipart/form-data", b"", 422),
    ],
)
async def test_a_body_that_does_not_fit_is_a_problem(
    ada: Visitor, content_type: str, body: bytes, status: int
) -> None:
    answer = await ada.http.post(
        f"/collections/{await ada.collection()}/documents",
        content=body,
        headers={"Content-Type": content_type},
    )
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_text_may_be_as_large_as_the_edge_and_the_description_say(
    place: Room, ada: Visitor
) -> None:
    collection, room_for = await ada.collection(), LIMIT - len('{"title": "x", "text": ""}')
    ada.http = httpx.AsyncClient(
        transport=httpx.ASGITransport(edge(place.app, EdgeOptions())),
        base_url=ada.http.base_url,
        headers=ada.http.headers,
    )
    for size, status in ((room_for, 202), (room_for + 1, 413)):
        answer = await ada.http.post(
            f"/collections/{collection}/documents",
            content=b'{"title": "x", "text": "' + b"y" * size + b'"}',
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == status, answer.text
    schema = TextCreate.model_json_schema()["properties"]["text"]
    assert f"{LIMIT // 1024**2} MiB" in schema["description"]
