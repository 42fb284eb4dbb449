"""What is sent twice, read once more, or not read after all."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from folkmoot.kit.ids import RunId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.indexing import embedding
from folkmoot.knowledge.ingesting import progress
from folkmoot.knowledge.service import KnowledgeOptions
from folkmoot.llm.errors import ModelUnavailable
from folkmoot.runs import service as runs
from knowing import Body, Concepts, Room, Visitor, room
from running import until

pytestmark = pytest.mark.anyio

HERON = b"The heron stands in shallow water and waits for fish."


@pytest.mark.core
async def test_the_same_file_is_kept_and_read_once_whoever_sends_it_when(
    place: Room, ada: Visitor
) -> None:
    collection = await ada.collection()
    sent = await asyncio.gather(
        *(ada.send(collection, (f"{n}.txt", HERON), ("stork.txt", b"A stork.")) for n in range(5))
    )
    ids = {tuple(each["document_ids"]) for each in sent}
    assert len(ids) == 1
    assert sorted(len(each["existing"]) for each in sent) == [0, 2, 2, 2, 2]
    assert len({each["run_id"] for each in sent}) == 1
    heron, stork = ids.pop()
    for each in (heron, stork):
        assert (await ada.settled(each))["status"] == "ready"
    late = await ada.send(collection, ("x.txt", HERON), ("y.txt", b"An eagle."), ("z.txt", HERON))
    assert late["document_ids"] == [heron, late["document_ids"][1]]
    assert late["existing"] == [heron]
    assert (await ada.settled(late["document_ids"][1]))["status"] == "ready"
    assert len([text for text in place.embedder.asked if "heron" in text]) == 1
    assert len(await ada.search(collection, "heron", mode="lexical")) == 1
    await place.blobs_are(3)
    elsewhere = await ada.send(await ada.collection(), ("x.txt", HERON))
    named = await ada.send(collection, ("x.txt", HERON), external_id="mine")
    assert (elsewhere["existing"], named["existing"]) == ([], [])


async def test_the_same_bytes_under_the_same_name_are_not_read_again(
    place: Room, ada: Visitor
) -> None:
    collection = await ada.collection()
    first = await ada.read(collection, "a.txt", HERON, external_id="x", metadata='{"year": 1}')
    place.embedder.asked.clear()
    again = await ada.send(collection, ("a.txt", HERON), external_id="x", metadata='{"year": 2}')
    assert again["existing"] == again["document_ids"] == [first["id"]]
    document = again["documents"][0]
    assert (document["status"], document["metadata"]) == ("ready", {"year": 2})
    assert (again["run_id"], place.embedder.asked) == (first["run_id"], [])
    await place.blobs_are(1)
    renamed = await ada.read(collection, "a.txt", HERON, external_id="x", title="Birds")
    assert renamed["run_id"] != first["run_id"]
    assert len(await ada.search(collection, "birds", mode="lexical")) == 1


async def test_what_failed_is_read_again_when_it_is_asked_for_or_sent_again(
    place: Room, ada: Visitor, eve: Visitor
) -> None:
    collection = await ada.collection()
    place.embedder.failure = ModelUnavailable("test:gone")
    failed = await ada.read(collection, "a.txt", HERON)
    path = f"/documents/{failed['id']}"
    for verb in ("retry", "cancel"):
        foreign = await eve.http.post(f"{path}/{verb}")
        missing = await eve.http.post(f"/documents/{new_id()}/{verb}")
        assert foreign.status_code == missing.status_code == 404
        assert foreign.json() | {"instance": ""} == missing.json() | {"instance": ""}
    place.embedder.failure = None
    place.embedder.gate.clear()
    answers = await asyncio.gather(*(ada.http.post(f"{path}/retry") for _ in range(5)))
    assert sorted(each.status_code for each in answers) == [202, 409, 409, 409, 409]
    refused = next(each.json() for each in answers if each.status_code == 409)
    assert refused["code"] == "document_being_read"
    place.embedder.gate.set()
    document = await ada.settled(failed["id"])
    assert (document["status"], document["error"]) == ("ready", None)
    place.embedder.failure = ModelUnavailable("test:gone")
    failed = await ada.read(collection, "b.txt", b"A stork.")
    place.embedder.failure = None
    accepted = await ada.send(collection, ("c.txt", b"A stork."))
    assert accepted["existing"] == accepted["document_ids"] == [failed["id"]]
    assert (await ada.settled(failed["id"]))["status"] == "ready"


async def test_of_two_documents_in_one_run_the_one_that_was_cancelled_is_not_read(
    place: Room, ada: Visitor
) -> None:
    collection = await ada.collection()
    place.embedder.gate.clear()
    accepted = await ada.send(collection, ("a.txt", HERON), ("b.txt", b"A stork."))
    first, second = accepted["document_ids"]
    await ada.reached(first, "processing")
    cancelled = await ada.http.post(f"/documents/{first}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    counted = (await ada.http.get(f"/collections/{collection}")).json()
    assert counted["pending_documents"] == 1
    place.embedder.gate.set()
    assert (await ada.settled(second))["status"] == "ready"
    assert await ada.ended(accepted["run_id"]) == "finished"
    assert (await ada.document(first))["status"] == "cancelled"
    assert await ada.search(collection, "heron", mode="lexical") == []
    again = (await ada.http.post(f"/documents/{second}/cancel")).json()
    assert again["status"] == "ready"


async def test_what_waits_for_a_run_that_was_cancelled_waits_no_more(
    place: Room, ada: Visitor
) -> None:
    collection = await ada.collection()
    place.embedder.gate.clear()
    for number in range(4):  # as many as a process reads at once, so that the next one waits
        await ada.send(collection, (f"{number}.txt", f"Heron {number}.".encode()))
    accepted = await ada.send(collection, ("a.txt", b"A stork."))
    (waiting,) = accepted["document_ids"]
    async with place.database.work(ada.subject) as work:
        run = await runs.hold(work, RunId(UUID(accepted["run_id"])))
        assert run.state == "queued"
        await runs.ask_to_cancel(work, run)
        told = await runs.never_to_begin(work, [run.id])
    shown = await ada.document(waiting)
    assert (told, shown["status"]) == ({RunId(UUID(accepted["run_id"]))}, "cancelled")
    place.embedder.gate.set()
    assert await ada.ended(accepted["run_id"]) == "cancelled"
    assert (await ada.document(waiting))["status"] == "cancelled"


async def test_the_last_document_that_is_cancelled_ends_its_run_and_can_be_had_read_again(
    place: Room, ada: Visitor
) -> None:
    collection = await ada.collection()
    old = await ada.read(collection, "a.txt", b"The heron wades.", external_id="x")
    place.embedder.gate.clear()
    accepted = await ada.send(collection, ("a.txt", b"The stork flies."), external_id="x")
    await ada.reached(old["id"], "processing")
    assert (await ada.http.post(f"/documents/{old['id']}/cancel")).status_code == 200
    assert await ada.ended(accepted["run_id"]) == "cancelled"
    assert (await ada.document(old["id"]))["status"] == "cancelled"
    assert len(await ada.search(collection, "heron", mode="lexical")) == 1
    place.embedder.gate.set()
    retried = (await ada.http.post(f"/documents/{old['id']}/retry")).json()
    assert retried["existing"] == [old["id"]]
    assert (await ada.settled(old["id"]))["status"] == "ready"
    assert await ada.search(collection, "heron", mode="lexical") == []


async def test_a_long_document_that_was_cancelled_is_not_embedded_to_its_end(
    place: Room, ada: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "BATCH", 1)
    monkeypatch.setattr(progress, "SILENCE", 0.0)
    place.embedder.gate.clear()
    accepted = await ada.send(
        await ada.collection(),
        ("long.txt", b"\n\n".join(b"%d " % n + HERON * 20 for n in range(50))),
        ("b.txt", b"A stork."),
    )
    first, second = accepted["document_ids"]
    await until(lambda: bool(place.embedder.asked))
    await ada.http.post(f"/documents/{first}/cancel")
    place.embedder.gate.set()
    assert (await ada.settled(second))["status"] == "ready"
    assert 2 <= len(place.embedder.asked) < 10


async def test_who_searches_while_a_document_is_replaced_finds_the_old_or_the_new_one_whole(
    ada: Visitor,
) -> None:
    collection = await ada.collection()

    def version(number: int) -> bytes:
        return b"\n\n".join(b"Heron v%d " % number + b"water " * 160 for _ in range(12))

    await ada.read(collection, "a.txt", version(0), external_id="x")
    done = False

    async def look() -> int:
        looks = 0
        while not done:
            hits = await ada.search(collection, "heron", k=50, mode="lexical")
            told = {hit["text"].split()[1] for hit in hits}
            assert len(told) == 1
            assert len(hits) == 12
            looks += 1
        return looks

    looking = [asyncio.ensure_future(look()) for _ in range(3)]
    for number in range(1, 5):
        await ada.read(collection, "a.txt", version(number), external_id="x")
    done = True
    assert sum(await asyncio.gather(*looking)) > 5


async def test_a_run_of_many_documents_yields_to_other_organisations_between_them(
    app_address: str,
    writer_address: str,
    tmp_path: Path,
    subject: Subject,
    other_subject: Subject,
) -> None:
    options = KnowledgeOptions(documents_at_once=1)
    async with room(app_address, writer_address, tmp_path, options=options) as place:
        ada, eve = place.visitor(subject), place.visitor(other_subject)
        place.embedder.gate.clear()
        many = [(f"{n}.txt", b"Heron number %d." % n) for n in range(12)]
        for half in (many[:6], many[6:]):
            await ada.send(await ada.collection(), *half)
        await until(lambda: len(place.supervisor.hub.live) == 2)
        await until(lambda: bool(place.embedder.asked))
        accepted = await eve.send(await eve.collection(), ("stork.txt", b"A stork."))
        await until(lambda: len(place.supervisor.hub.live) == 3)
        place.embedder.gate.set()
        assert (await eve.settled(accepted["document_ids"][0]))["status"] == "ready"
        order = ["stork" in text for text in place.embedder.asked]
        assert order.index(True) <= 2


async def test_of_a_document_that_is_replaced_only_what_has_changed_is_embedded(
    place: Room, ada: Visitor
) -> None:
    collection = await ada.collection()
    sections = [f"# Part {n}\n\n" + f"The heron of part {n} waits. " * 40 for n in range(8)]
    place.embedder.embedder = Concepts({f"part {n}": n for n in range(10)})

    async def send() -> Body:
        text = "\n\n".join(sections).encode()
        return await ada.read(collection, "birds.md", text, external_id="x", title="Birds")

    first = await send()
    assert (first["status"], len(place.embedder.asked)) == ("ready", first["chunks"])
    place.embedder.asked.clear()
    sections[3:4] = [sections[3].replace("part 3", "part 9"), f"# New\n\n{sections[3][10:]}"]
    again = await send()
    assert (again["status"], again["chunks"] > first["chunks"]) == ("ready", True)
    assert place.embedder.asked
    assert all("part 9" in each or "New" in each for each in place.embedder.asked)
    for number in (0, 7, 9):
        (hit, *_) = await ada.search(collection, f"part {number}", k=1, mode="dense")
        assert f"part {number}" in hit["text"]
    place.embedder.asked.clear()
    await ada.http.post(f"/documents/{first['id']}/retry")
    assert (await ada.settled(first["id"]))["status"] == "ready"
    assert place.embedder.asked == []
