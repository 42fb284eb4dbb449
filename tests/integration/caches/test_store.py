"""Answers in the database: bounded, and felt by every process when documents change."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import Executable, delete, func, select, text, update

from caching import document_of, kept, shelved
from folkmoot.caches.expiring import Expiry
from folkmoot.caches.keys import Asker, Key, key
from folkmoot.caches.models import CachedAnswer
from folkmoot.caches.statements import EVICT
from folkmoot.caches.store import Bounds, Place, Store, Vector
from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.ids import TeamId, UserId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.models import Collection, Document
from folkmoot.knowledge.searching.queries import PLACE
from folkmoot.llm.port import ChatMessage, ChatRequest
from folkmoot.runs import service as runs
from folkmoot.runs.models import Run
from piecing import opened
from running import new_run

pytestmark = pytest.mark.anyio

TRIALS = 10_000
COPIES = text("""
INSERT INTO cached_answers (org_id, id, key, context, epoch, readable, user_id, run_id, agent,
                            version, model, answer, bytes, created_at, used_at, expires_at)
SELECT org_id, gen_random_uuid(), k, k, epoch, readable, user_id, run_id, agent, version, model,
       answer, bytes, created_at, used_at, expires_at
FROM cached_answers, unnest(CAST(:keys AS bytea[])) AS k
""")
FOUND = text("SELECT count(*) FROM cached_answers WHERE key = ANY (CAST(:keys AS bytea[]))")


@pytest.fixture
async def elsewhere(app_address: str) -> AsyncIterator[Store]:
    """The store of another process."""
    async with AsyncExitStack() as stack:
        yield Store(await opened(stack, app_address), PLACE)


def asking(subject: Subject, question: str) -> Key:
    request = ChatRequest(messages=[ChatMessage("user", question)])
    return key(Asker(subject, "chat", 1, "openai:fake-chat"), request, similar=True)


async def test_of_ten_thousand_askers_none_finds_what_is_anothers(
    database: Database, subject: Subject, other_subject: Subject
) -> None:
    store, teams = Store(database), [TeamId(new_id()) for _ in range(TRIALS)]
    store.put(kept(subject, asking(subject, "May I?")))
    await store.flush()
    keys = {each: asking(replace(subject, team_ids=(each,)), "May I?").whole for each in teams}
    assert len(set(keys.values())) == TRIALS
    theirs = [asking(replace(other_subject, team_ids=(each,)), "May I?").whole for each in teams]
    async with database.work(subject) as work:
        assert await work.session.scalar(FOUND, {"keys": [*keys.values(), *theirs]}) == 0
        await work.session.execute(COPIES, {"keys": list(keys.values())})
        assert await work.session.scalar(FOUND, {"keys": list(keys.values())}) == TRIALS
        assert await work.session.scalar(FOUND, {"keys": theirs}) == 0
    async with database.work(other_subject) as work:  # nor by the very same key
        assert await work.session.scalar(FOUND, {"keys": list(keys.values())}) == 0


async def test_no_more_than_so_many_are_kept_and_what_was_used_last_stays(
    database: Database, subject: Subject, other_subject: Subject
) -> None:
    store = Store(database, bounds=Bounds(rows=5, bytes=1_600))
    store.put(kept(other_subject, asking(other_subject, "Theirs?")))
    for number in range(8):
        store.put(kept(subject, asking(subject, f"{number}?"), "x" * 100))
    await store.flush()

    async def there(whose: Subject, *questions: object) -> list[object]:
        asked = [(each, asking(whose, f"{each}?")) for each in questions]
        found = {each: await store.look(whose, key, documents=False) for each, key in asked}
        return [each for each, (_, answer) in found.items() if answer is not None]

    assert await there(subject, *range(8)) == [3, 4, 5, 6, 7]
    async with database.work(subject) as work:
        older = update(CachedAnswer).values(used_at=CachedAnswer.used_at - text("interval '1 day'"))
        await work.session.execute(older)
    assert await there(subject, 3)
    store.bounds = Bounds(rows=100, bytes=1_600)
    for number in range(10, 25):
        store.put(kept(subject, asking(subject, f"{number}?"), "x" * 100))
    store.put(kept(subject, asking(subject, "large?"), "x" * 101))
    await store.flush()
    assert await there(subject, *range(25), "large") == [3, *range(10, 25)]
    assert await there(other_subject, "Theirs")


async def test_what_is_too_much_is_looked_for_once_in_a_while_and_in_an_index_alone(
    database: Database, subject: Subject, superuser_address: str
) -> None:
    store = Store(database, bounds=Bounds(rows=300))
    for number in range(310):
        store.put(kept(subject, asking(subject, f"{number}?")))
    await store.flush()
    counted = f"SELECT count(*) FROM cached_answers WHERE org_id = '{subject.org_id}'"
    with psycopg.connect(superuser_address, autocommit=True) as connection:
        ((there,),) = connection.execute(counted.encode()).fetchall()
        connection.execute("VACUUM ANALYZE cached_answers")
        connection.execute("SET enable_seqscan = off")
        asked = {"org_id": subject.org_id, "most_rows": 300, "most_bytes": 2**20}
        plan = connection.execute(b"EXPLAIN " + EVICT.encode(), asked).fetchall()
    assert 300 <= there <= 303
    assert "Index Only Scan using ix_cached_answers_used" in str(plan)


async def test_what_cannot_be_kept_is_in_nobody_elses_way(
    database: Database, subject: Subject
) -> None:
    store, asked = Store(database), asking(subject, "May I?")
    store.put(kept(subject, asking(subject, "Odd?"), "\0"))
    store.put(kept(subject, asked))
    await store.flush()
    _, found = await store.look(subject, asked, documents=False)
    assert found is not None


async def test_nothing_is_kept_of_a_run_that_was_erased_meanwhile(
    database: Database, subject: Subject
) -> None:
    store, asked, erased = Store(database), asking(subject, "May I?"), new_run(subject, "work")
    late = replace(kept(subject, asked), run_id=erased.id)
    async with database.work(subject) as work:
        await runs.queue(work, erased)
        await work.session.execute(update(Run).values(erased_at=clock.now()))
    store.put(late)
    await store.flush()
    _, found = await store.look(subject, asked, documents=False)
    assert found is None


async def test_a_change_of_documents_is_felt_in_another_process_with_the_change(
    database: Database, subject: Subject, elsewhere: Store
) -> None:
    store, asked = Store(database, PLACE), asking(subject, "May I?")
    collection = await shelved(database, subject)
    document = await document_of(database, subject, collection)

    async def forgotten(change: Executable) -> Place:
        """Keep an answer here, and see how a change makes it count no more there."""
        place, _ = await store.look(subject, asked, documents=True)
        store.put(kept(subject, asked, place=place))
        await store.flush()
        _, before = await elsewhere.look(subject, asked, documents=True)
        assert before is not None
        async with database.work(subject) as work:
            await work.session.execute(change)
            during, still = await elsewhere.look(subject, asked, documents=True)
            assert (during, still) == (place, before)
        now, after = await elsewhere.look(subject, asked, documents=True)
        assert after is None
        return now

    epochs = [
        (await forgotten(change)).epoch
        for change in (
            update(Document).values(indexed_revision=2),
            update(Document).values(metadata_={"kind": "memo"}),
            update(Collection).values(user_id=subject.user_id),
            delete(Document),
        )
    ]
    assert epochs == [1, 2, 3, 4]
    assert document.collection_id == collection
    async with database.work(subject) as work:
        await work.session.execute(update(Collection).values(description="Others"))
    place, _ = await store.look(subject, asked, documents=True)
    assert place.epoch == 4


async def test_changes_of_many_documents_at_once_wait_for_nobody_and_all_count(
    database: Database, subject: Subject
) -> None:
    store, collection = Store(database, PLACE), await shelved(database, subject)
    documents = [await document_of(database, subject, collection) for _ in range(8)]

    async def changed(first: Document, second: Document) -> None:
        async with database.work(subject) as work:
            for each in sorted((first, second), key=lambda each: each.id):
                title = new_id().hex
                renamed = update(Document).where(Document.id == each.id).values(title=title)
                await work.session.execute(renamed)

    pairs = zip(documents, [*documents[1:], documents[0]], strict=True)
    await asyncio.gather(*(changed(*pair) for pair in pairs))
    place, _ = await store.look(subject, asking(subject, "?"), documents=True)
    assert place.epoch == len(documents)


async def test_likeness_is_looked_for_within_the_same_and_by_the_same_embedder(
    database: Database, subject: Subject
) -> None:
    store, asked = Store(database), asking(subject, "How do I reset my password?")
    near, far = Vector("some/2", "[1,0]"), Vector("some/2", "[0,1]")
    store.put(kept(subject, asked, "Far.", vector=far))
    store.put(kept(subject, asking(subject, "How can I?"), "Near.", vector=near))
    store.put(kept(replace(subject, permissions=frozenset()), asked, "Plain."))
    await store.flush()
    place, _ = await store.look(subject, asked, documents=False)
    first, *_ = await store.similar(subject, asked, place, Vector("some/2", "[0.9,0.1]"))
    assert (first.text, first.question) == ("Near.", "How can I?")
    assert first.likeness > 0.99
    for other in (
        (asking(replace(subject, permissions=frozenset()), "How?"), place, near),
        (asked, Place(1, b""), near),
        (asked, place, Vector("other/2", "[1,0]")),
    ):
        assert not await store.similar(subject, *other)


async def test_what_is_over_is_not_found_and_goes(database: Database, subject: Subject) -> None:
    store, asked = Store(database), asking(subject, "May I?")
    store.put(kept(subject, asked))
    await store.flush()
    async with database.work(replace(subject, user_id=UserId(new_id()))) as work:
        await work.session.execute(update(CachedAnswer).values(expires_at=clock.now()))
    _, found = await store.look(subject, asked, documents=False)
    assert found is None
    await Expiry(database).run()
    async with database.work(subject) as work:
        assert await work.session.scalar(select(func.count(CachedAnswer.id))) == 0
