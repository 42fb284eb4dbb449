"""Streams of a run's log over real connections: how they begin, break and end."""

import asyncio
import json

import httpx
import pytest

from folkmoot.kit.subject import Subject
from folkmoot.runs import service
from folkmoot.runs.live import LiveRun
from relay import relayed
from running import StartProcess, bury, new_run, process, tamper, types, until
from runs_http import Http, forever, hello, over_http

pytestmark = pytest.mark.anyio


@pytest.fixture
async def run(http: Http, subject: Subject) -> LiveRun:
    """A run that says two things and then nothing any more."""
    run = await http.running.open(subject, "forever")
    await run.settled()
    return run


async def test_a_client_of_the_oldest_http_is_told_the_end_by_the_end_of_the_connection(
    http: Http, run: LiveRun
) -> None:
    reader, writer = await http.connect(f"GET /runs/{run.id}/events HTTP/1.0")
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    assert b"id: 1\n" in await reader.readuntil(b"\n\n")
    await http.client.post(f"/runs/{run.id}/cancel")
    async with asyncio.timeout(60):
        rest = await reader.read()
    assert b'data: {"type":"run.cancelled"}\n\n' in rest
    writer.close()


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE"])
async def test_a_log_can_only_be_read(http: Http, run: LiveRun, method: str) -> None:
    answer = await http.client.request(method, f"/runs/{run.id}/events")
    assert answer.status_code == 405
    assert http.running.supervisor.hub.readers == set()


async def test_a_client_that_leaves_while_nothing_happens_leaves_nothing_behind(
    http: Http, run: LiveRun
) -> None:
    hub = http.running.supervisor.hub
    reader, writer = await http.connect(f"GET /runs/{run.id}/events HTTP/1.1")
    await reader.readuntil(b"id: 2\n")
    writer.close()
    await until(lambda: not hub.readers and not run.windows)
    assert hub.holds(run)


async def test_a_client_that_leaves_with_a_full_socket_leaves_nothing_behind(
    http: Http, subject: Subject, run: LiveRun
) -> None:
    hub = http.running.supervisor.hub
    reader, writer = await http.connect(f"GET /runs/{run.id}/events HTTP/1.1")
    await reader.readuntil(b"id: 2\n")  # and from here on nothing, once its buffer is full
    for number in range(100):
        run.announce("said", {"number": number, "padding": "x" * 100_000})
    await run.settled()
    assert len(run.windows) <= 1
    writer.transport.abort()
    await until(lambda: not hub.readers and not run.windows)


async def test_a_client_that_leaves_while_another_process_writes_leaves_nothing_behind(
    http: Http, start: StartProcess, subject: Subject
) -> None:
    elsewhere = await start({"forever": forever})
    run = await elsewhere.open(subject, "forever")
    await run.settled()
    hub = http.running.supervisor.hub
    reader, writer = await http.connect(f"GET /runs/{run.id}/events HTTP/1.1")
    await reader.readuntil(b"id: 2\n")
    writer.close()
    await until(lambda: not hub.readers and not hub._followers)
    assert not hub.live


async def test_a_client_that_leaves_while_the_database_is_away_leaves_nothing_behind(
    app_address: str, writer_address: str, subject: Subject
) -> None:
    async with (
        relayed(app_address) as relay,
        process(relay.address, writer_address, {"hello": hello}) as running,
        over_http(running, {"ada": subject}) as http,
    ):
        new = new_run(subject, "hello")
        async with running.database.work(subject) as work:
            await service.queue(work, new)
        reader, writer = await http.connect(f"GET /runs/{new.id}/events HTTP/1.1")
        await reader.readuntil(b"\r\n\r\n")
        relay.go_away()
        writer.close()
        await until(lambda: not running.supervisor.hub.readers)
        assert not running.supervisor.hub._followers
        relay.come_back()


async def test_a_stream_of_a_process_that_drains_ends_without_an_end(
    http: Http, run: LiveRun
) -> None:
    """So the client knows that there is more, and asks again."""
    reader, writer = await http.connect(f"GET /runs/{run.id}/events HTTP/1.1")
    await reader.readuntil(b"id: 2\n")
    await http.running.supervisor.drain(grace=0)
    async with asyncio.timeout(60):
        rest = await reader.readuntil(b"\r\n0\r\n\r\n")
    assert b"run." not in rest
    writer.close()


async def test_a_stream_goes_on_while_its_run_changes_hands(
    http: Http, start: StartProcess, subject: Subject, run: LiveRun, owner_address: str
) -> None:
    other = await start({"forever": hello})
    bury(owner_address, http.running)
    async with asyncio.timeout(60):
        first = await http.client.get(f"/runs/{run.id}/events")
    assert b"run.resumed" in first.content
    again = await http.client.get(f"/runs/{run.id}/events")
    assert again.content == first.content
    assert other.supervisor.hub.live == {}


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("0", 200),
        ("0000000000000000000002", 200),
        ("2147483647", 200),
        ("2147483648", 422),
        ("0" * 11 + "9" * 5000, 422),
        ("9" * 5000, 422),
        ("", 200),
        ("0x1", 422),
    ],
)
async def test_the_last_event_id_is_a_number_however_it_is_written(
    http: Http, subject: Subject, header: str, status: int
) -> None:
    run_id = await http.ended(subject)
    async with asyncio.timeout(60):
        answer = await http.client.get(f"/runs/{run_id}/events", headers={"Last-Event-ID": header})
    assert answer.status_code == status


async def test_a_number_beyond_the_end_is_none_of_this_run(
    http: Http, subject: Subject, run: LiveRun
) -> None:
    path = f"/runs/{run.id}/events"
    async with http.client.stream("GET", path, params={"after": 1000}) as response:
        await until(lambda: bool(run.windows))
        await http.client.post(f"/runs/{run.id}/cancel")
        lines = [line async for line in response.aiter_lines() if line.startswith("data")]
    log = await http.running.log(subject, run.id)
    assert lines == [f'data: {{"type":"{type_}"}}' for type_ in types(log)]
    async with asyncio.timeout(60):
        late = await http.client.get(path, params={"after": 1000})
        whole = await http.client.get(path)
    assert (late.status_code, late.content) == (200, whole.content)


async def test_a_queued_run_is_cancelled_though_its_process_is_full_or_stops(
    start: StartProcess, subject: Subject
) -> None:
    """By whoever takes it up; the wish is on record."""
    full = await start({"forever": forever}, most_runs=1)
    await full.open(subject, "forever")
    new = new_run(subject, "forever")
    async with full.database.work(subject) as work:
        await service.queue(work, new)
    async with over_http(full, {"ada": subject}) as http:
        answer = await http.client.post(f"/runs/{new.id}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (200, "queued")
    other = await start({"forever": forever})
    await other.supervisor.take_up(subject, new.id)
    assert (await other.log(subject, new.id))[-1].type == "run.cancelled"


async def test_what_was_erased_is_shown_as_nothing(
    http: Http, subject: Subject, owner_address: str
) -> None:
    run_id = await http.ended(subject)
    tamper(
        owner_address,
        "UPDATE run_events SET digest = sha256(salt || payload::bytea), payload = NULL,"
        " salt = NULL WHERE seq = 3",
    )
    stream = await http.client.get(f"/runs/{run_id}/events", params={"format": "log"})
    third = stream.text.split("\n\n")[2]
    assert json.loads(third.split("data: ")[1])["payload"] is None
    page = await http.client.get(
        f"/runs/{run_id}/events",
        params={"format": "log", "after": 2, "limit": 1},
        headers={"accept": "application/json"},
    )
    assert page.json()["items"][0]["payload"] is None
    verdict = (await http.client.get(f"/runs/{run_id}/verify")).json()
    assert (verdict["intact"], verdict["erased"]) == (True, 1)


async def test_a_failed_run_says_why(http: Http, subject: Subject) -> None:
    run = await http.running.open(subject, "unknown")
    await http.running.log(subject, run.id)
    shown = (await http.client.get(f"/runs/{run.id}")).json()
    assert shown["error"]["code"] == "kind_unknown"
    assert shown["state"] == "failed"


async def test_many_readers_of_one_run_get_the_same_bytes(http: Http, subject: Subject) -> None:
    run = await http.running.open(subject, "hello")
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(
        base_url=http.client.base_url, headers=http.client.headers, limits=limits, timeout=60
    ) as client:
        answers = await asyncio.gather(*(client.get(f"/runs/{run.id}/events") for _ in range(100)))
    assert len({answer.content for answer in answers}) == 1
    assert b"run.finished" in answers[0].content
