"""Every event reaches OpenSearch, once, whatever happens on the way."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from fake_opensearch import PASSWORD, USER, FakeOpenSearch, fake_opensearch
from folkmoot.audit import outbox as outbox_module
from folkmoot.audit.errors import SinkUnavailable
from folkmoot.audit.outbox import Outbox
from folkmoot.audit.sinks import opensearch
from folkmoot.audit.sinks.opensearch import ATTEMPTS, OpenSearch
from folkmoot.db.work import Database
from folkmoot.kit.subject import Subject
from trailing import events_of, leave

pytestmark = pytest.mark.anyio

INDEX = "trail"


@pytest.fixture
async def fake() -> AsyncIterator[FakeOpenSearch]:
    async with fake_opensearch() as fake:
        yield fake


@pytest.fixture
def sink(fake: FakeOpenSearch) -> OpenSearch:
    return OpenSearch(url=fake.url, index=INDEX, user=USER, password=PASSWORD, pause=0.0)


@pytest.fixture
def outbox(database: Database, sink: OpenSearch) -> Outbox:
    return Outbox(database, [sink])


def id_of(subject: Subject, seq: int) -> str:
    return f"{subject.org_id}:{seq}"


@pytest.mark.core
async def test_events_of_all_organisations_arrive_as_they_are(
    database: Database,
    subject: Subject,
    other_subject: Subject,
    fake: FakeOpenSearch,
    outbox: Outbox,
) -> None:
    await leave(database, subject, "thing.made", "thing.gone")
    await leave(database, other_subject, "thing.made")
    await outbox.deliver()
    (event, _) = await events_of(database, subject)
    held = fake.documents[INDEX]
    assert set(held) == {id_of(subject, 1), id_of(subject, 2), id_of(other_subject, 1)}
    document = held[id_of(subject, 1)]
    assert document.pop("@timestamp").startswith("20")
    assert document == {
        "organization_id": str(subject.org_id),
        "seq": 1,
        "action": "thing.made",
        "actor_id": str(subject.user_id),
        "api_key_id": None,
        "target_type": "thing",
        "target_id": "1",
        "before": None,
        "after": '{"number":1}',
        "request_id": None,
        "client_address": None,
        "hash": event.hash.hex(),
    }


async def test_what_has_arrived_is_not_sent_again(
    database: Database, subject: Subject, fake: FakeOpenSearch, outbox: Outbox
) -> None:
    await leave(database, subject, "thing.made")
    await outbox.deliver()
    await outbox.deliver()
    await leave(database, subject, "thing.gone")
    await outbox.deliver()
    assert fake.requests == [[id_of(subject, 1)], [id_of(subject, 2)]]


async def test_many_events_go_in_batches_in_their_order(
    database: Database,
    subject: Subject,
    fake: FakeOpenSearch,
    outbox: Outbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox_module, "BATCH", 2)
    await leave(database, subject, *["thing.made"] * 5)
    await outbox.deliver()
    sent = [[int(id_.rpartition(":")[2]) for id_ in ids] for ids in fake.requests]
    assert sent == [[1, 2], [3, 4], [5]]


async def test_of_a_batch_that_is_taken_in_part_only_the_rest_is_sent_again(
    database: Database, subject: Subject, fake: FakeOpenSearch, outbox: Outbox
) -> None:
    await leave(database, subject, *["thing.made"] * 4)
    fake.refusals = {id_of(subject, 2): [429, 503], id_of(subject, 4): [429]}
    await outbox.deliver()
    assert len(fake.documents[INDEX]) == 4
    assert fake.requests[1:] == [[id_of(subject, 2), id_of(subject, 4)], [id_of(subject, 2)]]


async def test_one_that_is_busy_for_long_is_left_alone_and_gets_everything_later(
    database: Database, subject: Subject, fake: FakeOpenSearch, outbox: Outbox
) -> None:
    await leave(database, subject, *["thing.made"] * 3)
    fake.refusals = {id_of(subject, 2): [429] * ATTEMPTS}
    with pytest.raises(SinkUnavailable, match="429 rejected_execution_exception"):
        await outbox.deliver()
    assert fake.tries[id_of(subject, 2)] == ATTEMPTS
    await outbox.deliver()
    assert len(fake.documents[INDEX]) == 3


async def test_what_arrived_before_an_answer_was_lost_is_there_once(
    database: Database, subject: Subject, fake: FakeOpenSearch, sink: OpenSearch, outbox: Outbox
) -> None:
    await leave(database, subject, "thing.made", "thing.gone")
    await sink.deliver(await events_of(database, subject))
    before = dict(fake.documents[INDEX])
    await outbox.deliver()
    assert fake.documents[INDEX] == before
    assert fake.tries[id_of(subject, 1)] == 2


async def test_what_it_will_never_take_is_asked_once_and_kept(
    database: Database, subject: Subject, fake: FakeOpenSearch, outbox: Outbox
) -> None:
    await leave(database, subject, "thing.made")
    fake.refusals = {id_of(subject, 1): [400]}
    with pytest.raises(SinkUnavailable, match="400"):
        await outbox.deliver()
    assert len(fake.requests) == 1
    await outbox.deliver()
    assert len(fake.documents[INDEX]) == 1


@pytest.mark.parametrize(
    ("status", "text", "reason"),
    [
        (404, "no such index", "it answers 404: no such index"),
        (302, "", "it answers 302"),
        (200, "<html>", "makes no sense"),
        (200, '{"items": []}', "of other documents"),
        (200, '{"items": [{"index": {"status": 201}}]}', "makes no sense"),
    ],
)
async def test_an_answer_that_helps_nobody_is_told_of(
    status: int,
    text: str,
    reason: str,
    database: Database,
    subject: Subject,
    fake: FakeOpenSearch,
    outbox: Outbox,
) -> None:
    await leave(database, subject, "thing.made")
    fake.answers = [(status, text)]
    with pytest.raises(SinkUnavailable, match=reason):
        await outbox.deliver()
    assert fake.answers == []


async def test_an_answer_without_end_is_not_read_to_it(
    database: Database,
    subject: Subject,
    fake: FakeOpenSearch,
    outbox: Outbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opensearch, "ANSWER_LIMIT", 100)
    await leave(database, subject, "thing.made")
    fake.answers = [(200, '{"items": [' + "{}," * 100_000)]
    with pytest.raises(SinkUnavailable, match="makes no sense"):
        await outbox.deliver()


async def test_one_that_stumbles_is_asked_again_at_once(
    database: Database, subject: Subject, fake: FakeOpenSearch, outbox: Outbox
) -> None:
    await leave(database, subject, "thing.made")
    fake.answers = [(503, "starting"), (429, "slowly")]
    await outbox.deliver()
    assert len(fake.documents[INDEX]) == 1


async def test_a_wrong_password_is_told_of_and_not_shown(
    database: Database, subject: Subject, sink: OpenSearch
) -> None:
    await leave(database, subject, "thing.made")
    wrong = replace(sink, password="another password")
    with pytest.raises(SinkUnavailable, match="401") as refused:
        await Outbox(database, [wrong]).deliver()
    assert "another password" not in str(refused.value) + repr(wrong)


async def test_one_that_is_away_holds_up_neither_actions_nor_other_sinks(
    database: Database, subject: Subject, fake: FakeOpenSearch, sink: OpenSearch
) -> None:
    away = replace(sink, url="http://127.0.0.1:9")
    await leave(database, subject, "thing.made")
    outbox = Outbox(database, [away, sink])
    with pytest.raises(SinkUnavailable, match=r"127\.0\.0\.1:9"):
        await outbox.deliver()
    assert len(fake.documents[INDEX]) == 1
    await leave(database, subject, "thing.gone")
    assert len(await events_of(database, subject)) == 2


async def test_another_place_gets_everything_from_the_beginning(
    database: Database, subject: Subject, fake: FakeOpenSearch, sink: OpenSearch, outbox: Outbox
) -> None:
    await leave(database, subject, "thing.made")
    await outbox.deliver()
    await Outbox(database, [replace(sink, index="other")]).deliver()
    assert fake.documents["other"] == fake.documents[INDEX]
