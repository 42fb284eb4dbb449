"""Documents that are fetched from an address, and nothing else that is near it."""

import gzip
from pathlib import Path

import pytest

from answering import Asked, answering, moved, page
from folkmoot.kit.ids import new_id
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.service import KnowledgeOptions
from knowing import Body, Room, Visitor, room
from running import until

pytestmark = pytest.mark.anyio

HTML = "Content-Type: text/html; charset=utf-8"
HERON = b"<title>All about herons</title><h1>Herons</h1><p>The heron waits for fish.</p>"
STORK = b"<title>All about storks</title><h1>Storks</h1><p>The stork flies.</p>"
UNREACHABLE = "The address can not be reached."


async def add(visitor: Visitor, collection: str, url: str, **values: object) -> Body:
    answer = await visitor.http.post(
        f"/collections/{collection}/documents", json={"url": url, **values}
    )
    assert answer.status_code == 202, answer.text
    accepted: Body = answer.json()
    return accepted


async def fetched(visitor: Visitor, collection: str, url: str) -> Body:
    accepted = await add(visitor, collection, url)
    return await visitor.settled(accepted["document_ids"][0])


@pytest.mark.core
async def test_a_page_is_fetched_and_read_again_only_when_it_has_changed(
    app_address: str, writer_address: str, tmp_path: Path, subject: Subject
) -> None:
    versions = [HERON]

    def answer(asked: Asked) -> bytes:
        tag = f'"{len(versions)}"'
        if f"If-None-Match: {tag}" in asked.heads[-1]:
            return page(b"", status="304 Not Modified")
        return page(versions[-1], HTML, f"ETag: {tag}")

    async with (
        answering(answer) as site,
        room(app_address, writer_address, tmp_path, trusted=[site.host]) as place,
    ):
        ada = place.visitor(subject)
        collection = await ada.collection()
        document = await fetched(ada, collection, f"{site.url}/birds.php?x=1#top")
        assert (document["status"], document["error"]) == ("ready", None)
        assert document["title"] == "All about herons"
        assert document["media_type"] == "text/html"
        assert document["source_url"] == f"{site.url}/birds.php?x=1"
        first = document["fetched_at"]
        file = await ada.http.get(f"/documents/{document['id']}/file")
        assert file.content == HERON

        place.embedder.asked.clear()
        again = await ada.http.post(f"/documents/{document['id']}/refresh")
        assert again.status_code == 202
        document = await ada.settled(document["id"])
        assert (document["status"], place.embedder.asked) == ("ready", [])
        assert document["fetched_at"] > first
        assert "ingest.document_unchanged" in [
            event.type for event in await ada.log(document["run_id"])
        ]

        versions.append(STORK)
        await _changes(place, ada, document, site)


async def _changes(place: Room, ada: Visitor, document: Body, site: Asked) -> None:
    """Another version takes the place of the one that was there."""
    collection = document["collection_id"]
    twice = await add(ada, collection, document["source_url"])
    assert twice["existing"] == twice["document_ids"] == [document["id"]]
    assert (await ada.settled(document["id"]))["status"] == "ready"
    assert await ada.search(collection, "heron", mode="lexical") == []
    (hit,) = await ada.search(collection, "stork", mode="lexical")
    assert hit["title"] == "All about storks"
    await place.blobs_are(1)
    asked = len(site.heads)
    retried = await ada.http.post(f"/documents/{document['id']}/retry")
    await ada.ended(retried.json()["run_id"])
    assert (len(site.heads), len(place.embedder.asked)) == (asked + 1, 1)
    read_again = [event.type for event in await ada.log(retried.json()["run_id"])]
    assert "ingest.document_ready" in read_again


async def test_nothing_private_is_asked_and_nothing_is_told_of_it(
    app_address: str, writer_address: str, tmp_path: Path, subject: Subject
) -> None:
    async with (
        answering(page(b"secret")) as inside,
        answering(lambda _: moved(inside.url)) as site,
        room(app_address, writer_address, tmp_path, trusted=[site.host]) as place,
    ):
        ada = place.visitor(subject)
        collection = await ada.collection()
        said: set[tuple[int, str]] = set()
        for host in (f"127.0.0.1:{inside.port}", "127.0.0.1:1", f"[::1]:{inside.port}", "10.0.0.1"):
            refused = await ada.http.post(
                f"/collections/{collection}/documents", json={"url": f"http://{host}/"}
            )
            said.add((refused.status_code, refused.json()["detail"]))
        assert said == {(422, UNREACHABLE)}
        for url in (site.url, f"http://localhost:{inside.port}/"):
            document = await fetched(ada, collection, url)
            assert (document["status"], document["error"]) == ("failed", UNREACHABLE)
            assert document["media_type"] is None
        assert len(site.heads) == 1
        assert not inside.heads


BOMB = gzip.compress(b"a" * 1_000_000)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.mark.parametrize(
    ("answer", "endless", "error"),
    [
        (page(b"gone", status="404 Not Found"), b"", "its status is 404"),
        (page(b"a" * 60_000), b"", "it is too large"),
        (page(BOMB, "Content-Encoding: gzip"), b"", "it is too large"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"a" * 1_000, "it is too large"),
        (page(PNG, "Content-Type: text/html"), b"", "PNG image"),
        (page(b""), b"", "The file is empty"),
    ],
)
async def test_what_cannot_be_used_fails_with_a_reason(
    app_address: str,
    writer_address: str,
    tmp_path: Path,
    subject: Subject,
    answer: bytes,
    endless: bytes,
    error: str,
) -> None:
    options = KnowledgeOptions(limits=Limits(fetched_bytes=50_000))
    async with (
        answering(answer, endless=endless) as site,
        room(app_address, writer_address, tmp_path, options=options, trusted=[site.host]) as place,
    ):
        ada = place.visitor(subject)
        document = await fetched(ada, await ada.collection(), site.url)
        assert document["status"] == "failed"
        assert error in document["error"]
        await place.blobs_are(0)


async def test_a_fetch_whose_process_stops_is_made_again_by_another(
    app_address: str,
    writer_address: str,
    tmp_path: Path,
    subject: Subject,
    other_subject: Subject,
) -> None:
    def answer(asked: Asked) -> bytes:
        return b"" if len(asked.heads) == 1 else page(HERON, HTML)

    async with answering(answer, silent=True) as site:
        async with room(app_address, writer_address, tmp_path, trusted=[site.host]) as first:
            ada = first.visitor(subject)
            collection = await ada.collection()
            accepted = await add(ada, collection, site.url)
            await until(lambda: bool(site.heads))
            await first.supervisor.drain(grace=0)
        async with room(app_address, writer_address, tmp_path, trusted=[site.host]) as second:
            ada, eve = second.visitor(subject), second.visitor(other_subject)
            (document,) = accepted["document_ids"]
            assert (await ada.settled(document))["status"] == "ready"
            assert len(await ada.search(collection, "heron", mode="lexical")) == 1
            sent = await ada.tell(collection, "Note", "A stork.")
            unfetched = await ada.http.post(f"/documents/{sent}/refresh")
            told = (unfetched.status_code, unfetched.json()["code"])
            assert told == (409, "document_without_source")
            for path, body in (
                (f"/documents/{document}/refresh", None),
                (f"/collections/{collection}/documents", {"url": site.url}),
            ):
                foreign = await eve.http.post(path, json=body)
                missing = path.replace(document, str(new_id())).replace(collection, str(new_id()))
                absent = await eve.http.post(missing, json=body)
                assert foreign.status_code == absent.status_code == 404
                assert foreign.json() | {"instance": ""} == absent.json() | {"instance": ""}
