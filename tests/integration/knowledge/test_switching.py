"""Another embedding model: its vectors are made beside those in use, then all are switched."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text as sql

from birds import Birds
from ending import end
from folkmoot.kit import clock
from folkmoot.kit.subject import Subject, deployment
from folkmoot.knowledge.indexing import embedding
from folkmoot.knowledge.indexing.generations import Wish
from folkmoot.knowledge.switching import changes, executing, watching
from folkmoot.knowledge.switching.watching import Watching
from folkmoot.llm import routes as model_routes
from folkmoot.llm.config import ModelsConfig
from folkmoot.llm.offline.hashing import HashEmbedder
from folkmoot.llm.port import Embedder
from folkmoot.llm.registry import Models
from knowing import Body, Everybodys, Room, Visitor, room
from piecing import keeping
from trailing import actions_of
from whole import until

pytestmark = pytest.mark.anyio

QUERIES = {"Heron": "Reiher", "Wren": "Zaunkönig", "Stork": "Storch"}
NOTE_INDEX = "INSERT INTO vector_indexes VALUES (%s, %s, 64, 'ix', 1)"
COUNT = "SELECT model, count(*) FROM chunk_vectors WHERE org_id = :org_id GROUP BY 1 ORDER BY 1"


def has_asked(embedder: Birds, word: str) -> Callable[[], Awaitable[bool]]:
    async def asked() -> bool:
        return any(word in text for text in embedder.asked)

    return asked


async def standing(visitor: Visitor) -> Body:
    answer = await visitor.http.get("/embedding")
    assert answer.status_code == 200, answer.text
    found: Body = answer.json()
    return found


def is_searched_by(visitor: Visitor, model: str) -> Callable[[], Awaitable[bool]]:
    async def switched() -> bool:
        found = await standing(visitor)
        return (found["model"], found["coming"]) == (model, None)

    return switched


async def vectors_of(visitor: Visitor) -> dict[str, int]:
    async with visitor.room.database.work(deployment(visitor.subject.org_id)) as work:
        values = {"org_id": visitor.subject.org_id}
        rows = await work.session.execute(sql(COUNT), values)
        return {str(model): int(count) for model, count in rows}


def has_only(visitor: Visitor, model: str, count: int) -> Callable[[], Awaitable[bool]]:
    async def swept() -> bool:
        return await vectors_of(visitor) == {model: count}

    return swept


async def best(visitor: Visitor, shelf: str, query: str, mode: str = "dense") -> str:
    hits = await visitor.search(shelf, query, mode=mode)
    return str(hits[0]["title"])


async def dense(visitor: Visitor, shelf: str, query: str) -> Body:
    path = f"/collections/{shelf}/search/explain"
    explained = (await visitor.http.post(path, json={"query": query})).json()
    stage: Body = explained["stages"][2]
    return stage


async def told(place: Room, subject: Subject) -> dict[str, str]:
    notices = await place.knowledge.switching.notices(subject)
    return {each.code: each.text for each in notices}


async def test_searches_compare_by_the_old_model_until_everything_is_there_of_the_new_one(
    place: Room, ada: Visitor, eve: Visitor
) -> None:
    """Also of what is read meanwhile, and whoever it belongs to."""
    place.embedder.embedder = Birds("test:old")
    shelf, own = await ada.collection(), await eve.collection(scope="user")
    await ada.tell(shelf, "Heron", "The heron waits.")
    await ada.tell(shelf, "Wren", "The wren sings.")
    await eve.tell(own, "Heron", "The heron waits, too.")
    await place.knowledge.switching.look()
    assert (await standing(ada))["embedded"] == 2
    place.embedder.embedder = new = Birds("test:new", held="wren")
    await place.knowledge.switching.look()
    await until(is_searched_by(eve, "test:new"))
    assert await best(eve, own, "Reiher") == "Heron"

    await until(has_asked(new, "wren"))
    await ada.tell(shelf, "Stork", "The stork stands.")
    for title, query in QUERIES.items():
        assert await best(ada, shelf, query) == title
    explained = await ada.http.post(
        f"/collections/{shelf}/search/explain", json={"query": "Reiher"}
    )
    facts = explained.json()["stages"][2]["facts"]
    assert (facts["model"], facts["coming"]) == ("test:old", "test:new")
    found = await standing(ada)
    assert (found["model"], found["coming"], found["embedded"]) == ("test:old", "test:new", 2)
    assert (await told(place, ada.subject))["embedding_behind"] == (
        "2 of 3 documents are embedded by test:new. Until all are, searches compare by the model"
        " before."
    )
    new.gate.set()
    await until(has_only(ada, "test:new", 3))
    for title, query in QUERIES.items():
        assert await best(ada, shelf, query) == title
    assert new.asked.count("Stork\n\nThe stork stands.") == 1
    assert await told(place, ada.subject) == {}
    await is_written_down(ada, found["run_id"])


async def is_written_down(visitor: Visitor, run_id: str) -> None:
    assert await actions_of(visitor.room.database, visitor.subject) == [
        "embedding_model.switch_begun",
        "embedding_model.switched",
    ]
    assert await visitor.ended(run_id) == "finished"
    events = [each.type for each in await visitor.log(run_id)]
    assert "reembedding.progressed" in events
    assert "reembedding.switched" in events


async def test_a_process_notices_by_itself_and_the_latest_wish_of_several_counts(
    place: Room, ada: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "EVERY", 0.02)
    shelf = await ada.collection()
    await ada.tell(shelf, "Heron", "The heron waits.")
    before = Watching(place.database, Everybodys(place.embedder), Wish(Everybodys(place.embedder)))
    await before.look()  # it wishes for what is in use, and has done so for long
    before.wish._since = clock.now() - timedelta(days=1)
    fetching = Everybodys(place.embedder, settled=False)
    place.embedder.embedder = Birds()
    stand_in = Watching(place.database, fetching, Wish(fetching))
    await stand_in.look()
    assert (await standing(ada))["coming"] is None
    watched = asyncio.create_task(place.knowledge.switching.watch())
    await until(has_only(ada, "test:birds", 1))
    assert not watched.done()
    await end(watched)
    place.embedder.embedder = HashEmbedder()
    before.wish._name = HashEmbedder().name
    await before.look()
    assert (await standing(ada))["model"] == "test:birds"
    assert (await standing(ada))["coming"] is None


async def test_what_a_dead_process_has_left_another_one_does(
    app_address: str, writer_address: str, tmp_path: Path, subject: Subject
) -> None:
    directory = tmp_path / "blobs"
    held, free = Birds(held="stork"), Birds()
    async with room(app_address, writer_address, directory) as one:
        ada = one.visitor(subject)
        shelf = await ada.collection()
        await ada.tell(shelf, "Heron", "The heron waits.")
        await ada.tell(shelf, "Stork", "The stork stands.")
        one.embedder.embedder = held
        await one.knowledge.switching.look()

        await until(has_asked(held, "stork"))
        run_id = (await standing(ada))["run_id"]
    async with room(app_address, writer_address, directory, embedder=free) as two:
        ada = two.visitor(subject)
        await until(has_only(ada, "test:birds", 2))
        assert await ada.ended(run_id) == "finished"
        assert free.asked == ["Stork\n\nThe stork stands."]


async def test_a_switch_is_abandoned_when_another_model_is_wished_for(
    place: Room, ada: Visitor
) -> None:
    shelf = await ada.collection()
    await ada.tell(shelf, "Heron", "The heron waits.")
    await ada.tell(shelf, "Stork", "The stork stands.")
    place.embedder.embedder = first = Birds("test:first", held="stork")
    await place.knowledge.switching.look()

    await until(has_asked(first, "stork"))
    run_id = (await standing(ada))["run_id"]
    place.embedder.embedder = Birds("test:second")
    await place.knowledge.switching.look()
    await until(has_only(ada, "test:second", 2))
    first.gate.set()
    assert await ada.ended(run_id) == "finished"
    assert "reembedding.abandoned" in [each.type for each in await ada.log(run_id)]
    assert await vectors_of(ada) == {"test:second": 2}
    assert (await standing(ada))["model"] == "test:second"
    place.embedder.embedder = Birds("test:third", held="heron")
    await place.knowledge.switching.look()
    place.embedder.embedder = back = Birds("test:second")
    await place.knowledge.switching.look()
    await until(is_searched_by(ada, "test:second"))
    assert back.asked == []
    assert (await actions_of(place.database, ada.subject))[-1] == "embedding_model.switch_abandoned"


async def test_one_document_that_the_model_refuses_keeps_nothing_waiting_and_is_told_of(
    place: Room, ada: Visitor, eve: Visitor
) -> None:
    shelf = await ada.collection()
    stork = await ada.tell(shelf, "Stork", "The stork stands.")
    await ada.tell(shelf, "Heron", "The heron waits.")
    place.embedder.embedder = picky = Birds(refused="stork")
    await place.knowledge.switching.look()
    await until(has_only(ada, "test:birds", 1))
    found = await standing(ada)
    assert (found["documents"], found["embedded"], found["refused"]) == (2, 1, 1)
    reason = "test:birds does not answer."
    assert found["unembedded"] == [{"document_id": stork, "title": "Stork", "reason": reason}]
    assert "reembedding.document_refused" in [each.type for each in await ada.log(found["run_id"])]
    assert (await told(place, ada.subject))["embedding_refused"].startswith(
        "Documents that test:birds cannot embed: 1."
    )
    assert (await standing(eve))["unembedded"] == []
    assert await best(ada, shelf, "stork", mode="lexical") == "Stork"
    asked = len(picky.asked)
    await place.knowledge.switching.look()
    assert len(picky.asked) == asked
    picky.refused = "§"
    await ada.http.post(f"/documents/{stork}/retry")
    await until(has_only(ada, "test:birds", 2))
    assert (await standing(ada))["refused"] == 0
    settings, _, gateway = keeping(place.database, Models(ModelsConfig()))
    place.app.include_router(
        model_routes.router(gateway, settings, place.knowledge.switching.notices)
    )
    answer = await ada.http.get("http://folkmoot.example/models")
    assert "embedding_refused" not in {each["code"] for each in answer.json()["notices"]}


async def test_where_vectors_have_an_index_a_switch_waits_for_that_of_the_others(
    place: Room, ada: Visitor, owner_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executing, "SETTLING", 0.02)
    place.embedder.embedder = Birds("test:old")
    shelf = await ada.collection()
    await ada.tell(shelf, "Heron", "The heron waits.")

    def note(model: str) -> None:
        with psycopg.connect(owner_address) as connection:
            connection.execute(NOTE_INDEX, (ada.subject.org_id, model))

    note("test:old")
    place.embedder.embedder = Birds("test:new")
    await place.knowledge.switching.look()

    async def waits() -> bool:
        async with place.database.work(deployment(ada.subject.org_id)) as work:
            row = await changes.locked(work)
            return row is not None and row.embedded_at is not None

    await until(waits)
    assert await vectors_of(ada) == {"test:new": 1, "test:old": 1}
    assert (await standing(ada))["model"] == "test:old"
    note("test:new")
    await until(has_only(ada, "test:new", 1))


async def test_while_the_model_before_cannot_be_asked_words_are_searched_and_that_is_told(
    place: Room, ada: Visitor
) -> None:
    place.embedder.embedder = Birds("test:old")
    shelf = await ada.collection()
    await ada.tell(shelf, "Heron", "The heron waits.")
    place.embedder.embedder = new = Birds("test:new", held="heron")
    del place.embedder.known["test:old"]
    await place.knowledge.switching.look()
    await ada.tell(shelf, "Stork", "The stork stands.")  # by the new one alone
    assert len(await ada.search(shelf, "heron")) == 1
    skipped = (await dense(ada, shelf, "heron"))["skipped"]
    assert skipped.endswith("Words have to do until all documents are embedded by test:new.")
    assert "found by their words only" in (await told(place, ada.subject))["embedding_behind"]
    assert (await standing(ada))["error"].startswith("There is no key for test:old")
    answer = await ada.http.post(
        f"/collections/{shelf}/search", json={"query": "Reiher", "mode": "dense"}
    )
    assert (answer.status_code, answer.json()["code"]) == (503, "embedder_unavailable")
    new.gate.set()
    await until(has_only(ada, "test:new", 2))
    assert await best(ada, shelf, "Reiher") == "Heron"


@pytest.mark.parametrize(("refused", "code"), [("", "unavailable"), ("heron", "nothing_embedded")])
async def test_a_model_that_embeds_nothing_is_not_switched_to_and_tried_again_later_and_later(
    refused: str, code: str, place: Room, ada: Visitor
) -> None:
    shelf = await ada.collection()
    heron = await ada.tell(shelf, "Heron", "The heron waits.")
    place.embedder.embedder = dead = Birds(refused=refused)
    await place.knowledge.switching.look()
    run_id = (await standing(ada))["run_id"]
    assert await ada.ended(run_id) == "failed"
    assert code in str((await ada.log(run_id))[-1].payload)
    asked = len(dead.asked)
    await place.knowledge.switching.look()
    assert (await standing(ada))["run_id"] == run_id
    assert (len(dead.asked), await vectors_of(ada)) == (asked, {HashEmbedder().name: 1})
    dead.refused = "§"
    if refused:  # what was refused is tried again after a day, or when it is read again
        again = await ada.http.post(f"/documents/{heron}/retry")
        await ada.ended(again.json()["run_id"])
    async with place.database.work(deployment(ada.subject.org_id)) as work:
        row = await changes.locked(work)
        assert row is not None
        assert (row.attempts, row.due > clock.now()) == (1, True)
        row.due = clock.now()
    await place.knowledge.switching.look()
    await until(has_only(ada, "test:birds", 1))


async def test_a_model_that_answers_with_other_lengths_begins_another_generation(
    place: Room, ada: Visitor, owner_address: str
) -> None:
    """Though there is an index over its vectors, which takes one length only."""
    place.embedder.embedder = birds = Birds()
    shelf = await ada.collection()
    await ada.tell(shelf, "Heron", "The heron waits.")
    with psycopg.connect(owner_address, autocommit=True) as connection:
        connection.execute(
            "CREATE INDEX ON chunk_vectors USING hnsw ((embedding::halfvec(64)) halfvec_ip_ops)"
            " WHERE model = 'test:birds'"
        )
    assert await best(ada, shelf, "Reiher") == "Heron"  # from now on its vector is remembered
    birds.dimensions = 32
    await ada.tell(shelf, "Stork", "The stork stands.")
    assert (await standing(ada))["coming"] == "test:birds (32)"
    assert len(await ada.search(shelf, "stork")) == 1
    assert "32 numbers" in (await dense(ada, shelf, "heron"))["skipped"]
    await place.knowledge.switching.look()
    await until(has_only(ada, "test:birds (32)", 2))
    assert (await standing(ada))["dimensions"] == 32
    assert await best(ada, shelf, "Reiher") == "Heron"


async def test_other_lengths_are_noticed_where_only_searches_ask_a_model(
    place: Room, ada: Visitor
) -> None:
    place.embedder.embedder = birds = Birds()
    shelf = await ada.collection()
    await ada.tell(shelf, "Heron", "The heron waits.")
    birds.dimensions = 32
    found = await asyncio.gather(*(ada.search(shelf, f"heron {each}") for each in range(5)))
    assert [len(hits) for hits in found] == [1] * 5
    assert (await standing(ada))["coming"] == "test:birds (32)"
    told = (await dense(ada, shelf, "heron waits"))["skipped"]
    assert "32 numbers" in told
    assert "until all documents are embedded by test:birds (32)" in told
    (notice,) = await place.knowledge.switching.notices(ada.subject)
    assert (notice.code, "test:birds (32)" in notice.text) == ("embedding_behind", True)
    await place.knowledge.switching.look()
    await until(has_only(ada, "test:birds (32)", 1))
    assert await best(ada, shelf, "Reiher") == "Heron"


async def test_what_an_organisation_has_embedded_is_not_embedded_again_and_others_learn_nothing(
    place: Room, ada: Visitor, eve: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "BATCH", 2)
    place.embedder.embedder = birds = Birds()
    for visitor in (ada, ada, eve):
        await visitor.tell(await visitor.collection(), "Heron", "The heron waits.")
    assert birds.asked == 2 * ["Heron\n\nThe heron waits."]
    birds.asked.clear()
    place.embedder.embedder = other = Birds("test:other")
    await place.knowledge.switching.look()
    await until(has_only(ada, "test:other", 2))
    await until(has_only(eve, "test:other", 1))
    assert other.asked == 2 * ["Heron\n\nThe heron waits."]


async def test_no_connection_waits_for_keys(ada: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    await ada.read(await ada.collection(), "a.txt", b"Heron")
    all_ask = asyncio.Barrier(8)  # as many as there are connections

    async def looks(everybodys: Everybodys, *_: object) -> Embedder:
        await all_ask.wait()
        await vectors_of(ada)
        return everybodys.one

    monkeypatch.setattr(Everybodys, "embedder", looks)
    assert len(await asyncio.gather(*(standing(ada) for _ in range(8)))) == 8
