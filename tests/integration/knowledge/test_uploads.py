"""Files sent in forms: as the API takes them in, or refuses them and leaves nothing behind."""

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from folkmoot.kit.ids import ProcessId, UploadId
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.errors import UploadLost
from folkmoot.knowledge.ingesting import uploads
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.service import KnowledgeOptions
from formed import CONTENT_TYPE, field, file, form
from knowing import PATIENCE, Room, Visitor, room
from serving import served

pytestmark = pytest.mark.anyio

MEGABYTE = 1024 * 1024


async def post(
    visitor: Visitor, collection: str, body: bytes | AsyncIterator[bytes]
) -> httpx.Response:
    return await visitor.http.post(
        f"/collections/{collection}/documents",
        content=body,
        headers={"Content-Type": CONTENT_TYPE},
    )


def blobs(place: Room) -> list[Path]:
    return [path for path in place.directory.rglob("*") if path.is_file()]


async def kept(place: Room, visitor: Visitor) -> tuple[int, int, int, int]:
    """Count documents, their runs, uploads under way and blobs."""
    async with place.database.work(visitor.subject) as work:
        rows = await work.session.execute(
            text(
                "SELECT (SELECT count(*) FROM documents),"
                " (SELECT count(*) FROM runs WHERE kind = 'ingest'),"
                " (SELECT count(*) FROM uploads)"
            )
        )
        documents, runs, under_way = rows.one()
    return documents, runs, under_way, len(blobs(place))


async def test_fields_behind_the_last_file_describe_it_as_curl_sends_them(ada: Visitor) -> None:
    collection = await ada.collection()
    answer = await post(
        ada,
        collection,
        form(
            file("x.txt", b"A heron."),
            field("external_id", b"h-1"),
            file("y.txt", b"A stork."),
            field("title", "Störche".encode()),
            field("metadata", b'{"a": 1}'),
        ),
    )
    assert answer.status_code == 202, answer.text
    first, second = answer.json()["documents"]
    assert (first["title"], first["external_id"], first["metadata"]) == ("x", None, {})
    assert (second["title"], second["external_id"], second["metadata"]) == (
        "Störche",
        "h-1",
        {"a": 1},
    )


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (form(), 422, "nothing_sent"),
        (form(file("a.png", b"\x89PNG\r\n\x1a\n\0\0")), 422, "unsupported_file"),
        (form(file("a.txt", b"")), 422, "unsupported_file"),
        (form(file("a.txt", b"x"), end=False), 422, "broken_form"),
        (b"no form at all", 422, "broken_form"),
        (form(field("metadata", b"[1]"), file("a", b"x")), 422, "broken_form"),
        (form(field("metadata", b'{"a": NaN}'), file("a", b"x")), 422, "broken_form"),
        (form(field("external_id", b"\0"), file("a", b"x")), 422, "broken_form"),
        (form(field("title", b"x" * 100_000)), 422, "broken_form"),
        (form(b"X: " + b"y" * 100_000 + b"\r\n\r\nz"), 422, "broken_form"),
        (form(file("a.txt", b"x" * 300_000)), 413, "file_too_large"),
        (form(file("a.txt", b"fine"), file("b", b"\x89PNG\0")), 422, "unsupported_file"),
        (form(file("a", b"x"), field("metadata", b"[1]")), 422, "broken_form"),
        (
            form(field("title", b"A"), file("a", b"x"), field("title", b"B")),
            422,
            "broken_form",
        ),
    ],
)
async def test_a_form_that_is_refused_leaves_nothing_behind(
    app_address: str,
    writer_address: str,
    tmp_path: Path,
    subject: Subject,
    body: bytes,
    status: int,
    code: str,
) -> None:
    options = KnowledgeOptions(limits=Limits(file_bytes=200_000))
    directory = tmp_path / "blobs"
    async with room(app_address, writer_address, directory, options=options) as place:
        ada = place.visitor(subject)
        answer = await post(ada, await ada.collection(), body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert await kept(place, ada) == (0, 0, 0, 0)


async def test_an_upload_that_is_cut_leaves_nothing_behind(place: Room, ada: Visitor) -> None:
    async def cut() -> AsyncIterator[bytes]:
        yield form(file("a.txt", b"x" * 50_000), end=False)[:-10]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await post(ada, await ada.collection(), cut())
    assert await kept(place, ada) == (0, 0, 0, 0)


async def test_a_file_name_is_only_a_title(ada: Visitor) -> None:
    collection = await ada.collection()
    body = form(file("../../etc/\\..\\pass\0wd<script>.txt", b"A heron."))
    accepted = (await post(ada, collection, body)).json()
    document = await ada.settled(accepted["document_ids"][0])
    assert document["status"] == "ready"
    assert "/" not in document["title"]
    assert "\\" not in document["title"]
    disposition = (await ada.http.get(f"/documents/{document['id']}/file")).headers[
        "content-disposition"
    ]
    assert "<" not in disposition
    assert "\n" not in disposition


async def test_uploads_that_name_the_same_documents_in_other_orders_do_not_block_each_other(
    ada: Visitor,
) -> None:
    collection = await ada.collection()
    names = [f"n{number}" for number in range(8)]

    async def send(order: list[str]) -> httpx.Response:
        parts = [
            part
            for name in order
            for part in (field("external_id", name.encode()), file(f"{name}.txt", b"A heron."))
        ]
        return await post(ada, collection, form(*parts))

    answers = await asyncio.gather(*(send(names[::step]) for step in (1, -1) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {202}
    assert [each["title"] for each in answers[0].json()["documents"]] == names
    counted = (await ada.http.get(f"/collections/{collection}")).json()
    assert counted["documents"] == len(names)


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Let no file of this process become larger, as a disk that is full does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_an_upload_into_a_full_disk_is_refused_and_leaves_nothing(
    place: Room, ada: Visitor
) -> None:
    collection = await ada.collection()
    async with served(place.app) as url, httpx.AsyncClient(headers=ada.http.headers) as client:
        address = f"{url}/api/v1/collections/{collection}/documents"
        sent = [("file", ("a.txt", b"A heron.")), ("file", ("b.txt", b"heron " * 3 * MEGABYTE))]
        with full_disk(12 * MEGABYTE):
            answer = await client.post(address, files=sent, timeout=PATIENCE)
        assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
        assert answer.headers["retry-after"] == "60"
        assert await kept(place, ada) == (0, 0, 0, 0)
        again = await client.post(address, files=sent, timeout=PATIENCE)
        assert again.status_code == 202


async def begun(place: Room, visitor: Visitor) -> UploadId:
    """Begin an upload as this process does, and store its file."""
    async with place.database.work(visitor.subject) as work:
        upload_id = await uploads.begin(work, place.supervisor.process_id)

    async def data() -> AsyncIterator[bytes]:
        yield b"A heron."

    key = uploads.key(visitor.subject.org_id, upload_id)
    await place.blobs.put(key, data(), limit=MEGABYTE)
    return upload_id


async def die(place: Room, process_id: ProcessId) -> None:
    """Have a process taken for dead."""
    async with place.database.unscoped() as connection:
        await connection.execute("UPDATE processes SET alive = false WHERE id = %s", (process_id,))


async def clear(place: Room, visitor: Visitor, upload_id: UploadId) -> None:
    """Look after an upload as the job does that waits for it."""
    subject = visitor.subject
    await place.knowledge.jobs.clear_upload(
        org_id=str(subject.org_id), user_id=str(subject.user_id), upload_id=str(upload_id)
    )


async def test_what_a_dead_process_was_receiving_is_cleared_and_cannot_become_a_document(
    place: Room, ada: Visitor
) -> None:
    upload_id = await begun(place, ada)
    await clear(place, ada, upload_id)
    assert await kept(place, ada) == (0, 0, 1, 1)
    await die(place, place.supervisor.process_id)
    await clear(place, ada, upload_id)
    await clear(place, ada, upload_id)
    assert await kept(place, ada) == (0, 0, 0, 0)
    with pytest.raises(UploadLost):
        async with place.database.work(ada.subject) as work:
            await uploads.end(work, [upload_id])


async def test_what_has_become_a_document_outlives_its_process(place: Room, ada: Visitor) -> None:
    document = await ada.read(await ada.collection(), "a.txt", b"A heron.")
    (blob,) = blobs(place)
    await die(place, place.supervisor.process_id)
    await clear(place, ada, UploadId(UUID(blob.name)))
    assert (await ada.http.get(f"/documents/{document['id']}/file")).content == b"A heron."


async def test_a_document_whose_job_was_taken_by_a_worker_that_died_is_read_by_another(
    app_address: str, writer_address: str, tmp_path: Path, subject: Subject
) -> None:
    async with room(app_address, writer_address, tmp_path, workers=0) as idle:
        ada = idle.visitor(subject)
        accepted = await ada.send(await ada.collection(), ("a.txt", b"A heron."))
        async with idle.database.unscoped() as connection:
            # As it is left that died before it told the run: the run is still queued.
            await connection.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    async with room(app_address, writer_address, tmp_path) as place:
        document = await place.visitor(subject).settled(accepted["document_ids"][0])
        assert document["status"] == "ready", document


async def test_clearing_goes_on_where_it_was_interrupted(place: Room, ada: Visitor) -> None:
    upload_id = await begun(place, ada)
    async with place.database.work(ada.subject) as work:
        await work.session.execute(text("UPDATE uploads SET process_id = NULL"))
    await clear(place, ada, upload_id)
    assert await kept(place, ada) == (0, 0, 0, 0)


async def test_files_sent_twice_under_one_key_are_taken_once(place: Room, ada: Visitor) -> None:
    path = f"/collections/{await ada.collection()}/documents"
    files = [("file", (f"{name}.txt", f"The {name} wades.".encode())) for name in ("heron", "ibis")]
    key = {"Idempotency-Key": "upload"}
    answers = [await ada.http.post(path, files=files, headers=key) for _ in range(2)]
    assert [each.status_code for each in answers] == [202, 202]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert (await kept(place, ada))[:3] == (2, 1, 0)
    other = await ada.http.post(path, files=files[:1], headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
