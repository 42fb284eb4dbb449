"""Runs over HTTP."""

import asyncio

import orjson
import pytest

from folkmoot.kit.ids import new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs import service
from folkmoot.runs.errors import OutcomeUnknown
from folkmoot.runs.ledger import Call, Ledger
from running import StartProcess, new_run, tamper
from runs_http import Http, forever

pytestmark = pytest.mark.anyio


@pytest.mark.core
async def test_two_halves_of_a_stream_equal_the_whole(http: Http, subject: Subject) -> None:
    run_id = await http.ended(subject)
    whole = (await http.client.get(f"/runs/{run_id}/events")).content
    seen = whole.index(b"\n\n") + 2
    rest = await http.client.get(f"/runs/{run_id}/events", headers={"Last-Event-ID": "1"})
    asked = await http.client.get(f"/runs/{run_id}/events", params={"after": 1})
    assert rest.headers["content-type"].startswith("text/event-stream")
    assert whole[:seen] + rest.content == whole
    assert asked.content == rest.content
    assert b"\r" not in whole


async def test_a_reader_that_connects_again_under_the_same_address_misses_and_repeats_nothing(
    http: Http, subject: Subject
) -> None:
    """A browser keeps the address with its `after` and sends along what it has read since."""
    run_id = await http.ended(subject)
    for after, seen in ((1, 3), (3, 1)):
        answer = await http.client.get(
            f"/runs/{run_id}/events", params={"after": after}, headers={"Last-Event-ID": str(seen)}
        )
        assert answer.text.startswith("id: 4\n")


async def test_a_reader_that_joins_a_running_run_stays_to_its_end(
    http: Http, subject: Subject
) -> None:
    run = await http.running.open(subject, "forever")
    async with http.client.stream("GET", f"/runs/{run.id}/events") as response:
        lines = response.aiter_lines()
        assert await anext(lines) == "id: 1"
        await http.client.post(f"/runs/{run.id}/cancel")
        rest = [line async for line in lines]
    assert rest[-2] == 'data: {"type":"run.cancelled"}'


@pytest.mark.parametrize("header", ["abc", "-1", "1.5", "²", "9" * 30])
async def test_a_garbled_last_event_id_is_refused(
    http: Http, subject: Subject, header: str
) -> None:
    run_id = await http.ended(subject)
    answer = await http.client.get(
        f"/runs/{run_id}/events", headers={b"Last-Event-ID": header.encode()}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "last_event_id_invalid")


async def test_reading_on_after_the_end_gives_nothing_and_ends(
    http: Http, subject: Subject
) -> None:
    run_id = await http.ended(subject)
    last = (await http.client.get(f"/runs/{run_id}")).json()["events"]
    answer = await http.client.get(f"/runs/{run_id}/events", headers={"Last-Event-ID": str(last)})
    assert (answer.status_code, answer.content) == (200, b"")


async def test_another_organisations_run_is_as_missing_as_none(
    http: Http, subject: Subject
) -> None:
    run_id = await http.ended(subject)
    for verb, path in (
        ("GET", ""),
        ("GET", "/events"),
        ("GET", "/verify"),
        ("POST", "/cancel"),
    ):
        foreign = await http.client.request(verb, f"/runs/{run_id}{path}", headers={"x-who": "eve"})
        missing = await http.client.request(
            verb, f"/runs/{new_id()}{path}", headers={"x-who": "eve"}
        )
        own = await http.client.request(verb, f"/runs/{run_id}{path}")
        drop = {"instance"}
        assert own.status_code == 200
        assert foreign.status_code == missing.status_code == 404
        assert {k: v for k, v in foreign.json().items() if k not in drop} == {
            k: v for k, v in missing.json().items() if k not in drop
        }


async def test_runs_are_listed_newest_first_page_by_page(http: Http, subject: Subject) -> None:
    ids = [await http.ended(subject) for _ in range(3)]
    first = (await http.client.get("/runs", params={"limit": 2, "kind": "hello"})).json()
    rest = (
        await http.client.get(
            "/runs", params={"limit": 2, "cursor": first["next_cursor"], "state": "finished"}
        )
    ).json()
    assert [run["id"] for run in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None
    assert (await http.client.get("/runs", headers={"x-who": "eve"})).json()["items"] == []


async def test_a_run_tells_of_calls_that_somebody_should_look_at(
    http: Http, subject: Subject
) -> None:
    run = await http.running.open(subject, "forever")
    await run.settled()
    ledger = Ledger(http.running.database)

    async def make() -> str:
        raise OutcomeUnknown("It may have been sent.")

    await ledger.once(run, Call("c1", "send_mail", "{}"), idempotent=False, make=make)
    await ledger.once(run, Call("c2", "clock", "{}"), idempotent=True, make=noon)
    shown = (await http.client.get(f"/runs/{run.id}")).json()
    (call,) = shown["needs_review"]
    assert (call["id"], call["name"]) == ("c1", "send_mail")


async def noon() -> str:
    return "12:00"


async def test_a_log_can_be_read_as_json_in_pages(http: Http, subject: Subject) -> None:
    run_id = await http.ended(subject)
    accept = {"accept": "application/json"}
    page = await http.client.get(f"/runs/{run_id}/events", params={"limit": 2}, headers=accept)
    assert page.json() == {
        "items": [
            {"id": 1, "event": {"type": "run.started"}},
            {"id": 2, "event": {"type": "message.started"}},
        ],
        "next_cursor": "2",
    }
    log = await http.client.get(
        f"/runs/{run_id}/events",
        params={"cursor": page.json()["next_cursor"], "format": "log"},
        headers=accept,
    )
    first, *_, last = log.json()["items"]
    head = (await http.client.get(f"/runs/{run_id}")).json()["head"]
    assert (first["seq"], first["payload"]["delta"]) == (3, "Hello")
    assert (last["type"], last["hash"]) == ("run.finished", head)
    assert log.json()["next_cursor"] is None


async def test_the_log_as_it_is_stored_can_be_streamed(http: Http, subject: Subject) -> None:
    run_id = await http.ended(subject)
    answer = await http.client.get(f"/runs/{run_id}/events", params={"format": "log"})
    data = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    assert [orjson.loads(line)["seq"] for line in data] == list(range(1, len(data) + 1))
    assert orjson.loads(data[0])["payload"] == {"threadId": "thread", "runId": run_id}


@pytest.mark.core
async def test_cancelling_twice_or_after_the_end_changes_nothing(
    http: Http, subject: Subject
) -> None:
    run = await http.running.open(subject, "forever")
    for _ in range(2):
        assert (await http.client.post(f"/runs/{run.id}/cancel")).status_code == 200
    await http.running.log(subject, run.id)
    again = await http.client.post(f"/runs/{run.id}/cancel")
    assert again.json()["state"] == "cancelled"
    types = [event.type for event in await http.running.reader.whole(subject, run.id)]
    assert types == ["run.started", "begun", "run.cancelled"] or types == [
        "run.started",
        "run.cancelled",
    ]


async def test_a_queued_run_can_be_cancelled(http: Http, subject: Subject) -> None:
    new = new_run(subject, "hello")
    async with http.running.database.work(subject) as work:
        await service.queue(work, new)
    await http.client.post(f"/runs/{new.id}/cancel")
    types = [event.type for event in await http.running.log(subject, new.id)]
    assert types == ["run.started", "run.cancelled"]


async def test_a_run_of_another_process_can_be_cancelled_here(
    http: Http, start: StartProcess, subject: Subject
) -> None:
    elsewhere = await start({"forever": forever})
    run = await elsewhere.open(subject, "forever")
    await run.settled()
    async with asyncio.timeout(60):
        await http.client.post(f"/runs/{run.id}/cancel")
        events = await elsewhere.log(subject, run.id)
    assert events[-1].type == "run.cancelled"


async def test_a_chain_is_verified_and_its_cut_end_is_noticed(
    http: Http, subject: Subject, owner_address: str
) -> None:
    run_id = await http.ended(subject)
    verdict = (await http.client.get(f"/runs/{run_id}/verify")).json()
    assert (verdict["intact"], verdict["broken_at"]) == (True, None)
    tamper(owner_address, "DELETE FROM run_events WHERE type = 'run.finished'")
    verdict = (await http.client.get(f"/runs/{run_id}/verify")).json()
    assert (verdict["intact"], verdict["reason"]) == (False, "the log ends too early")
