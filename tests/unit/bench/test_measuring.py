"""The benchmarks' own provider, client and scales, against each other."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from kit import marks, processes
from kit.client import Pool
from kit.load import Crowd, Outcome, percentile
from kit.profile import room, shares
from kit.provider import Connection
from kit.report import streaming, verdicts
from kit.scenarios import Scenario
from kit.targets import Conversation, Proxy

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    """Connections to a provider in this process."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0)
    pool = Pool(server.sockets[0].getsockname()[1])
    try:
        yield pool
    finally:
        pool.close()
        server.close()


@pytest.mark.parametrize("interval", [0, 1])
async def test_users_read_whole_answers_one_after_the_other(pool: Pool, interval: int) -> None:
    scenario = Scenario(
        name="small", title="", users=3, turns=9, tokens=50, interval=interval, turns_each=2
    )
    crowd = Crowd(Proxy(), os.getpid(), pool, scenario)
    await crowd.come()
    assert [reading.verdict() for reading in crowd.readings] == [""] * 9
    assert all(reading.added >= 0 and min(reading.lags) >= 0 for reading in crowd.readings)


async def test_of_several_wishes_in_a_conversation_the_last_one_counts(pool: Pool) -> None:
    conversation = Conversation()
    conversation.ask(str(marks.Wish(50, 0)))
    conversation.hear("m1", "fifty tokens")
    conversation.ask(str(marks.Wish(2, 0)))
    body = bytearray()
    request = Proxy().question(conversation, tools=False)
    status = await pool.exchange(request, lambda data, _moment: body.extend(data), seconds=10)
    assert status == 200
    assert [number for number, _ in marks.MARK.findall(body)] == [b"r", b"0", b"1"]


async def test_a_client_that_waits_too_long_gives_up_and_the_next_one_is_served(
    pool: Pool,
) -> None:
    slow, quick = Conversation(), Conversation()
    slow.ask(str(marks.Wish(2, 60_000)))
    quick.ask(str(marks.Wish(2, 0)))
    with pytest.raises(TimeoutError):
        await pool.exchange(Proxy().question(slow, tools=False), lambda *_: None, seconds=0.05)
    assert (
        await pool.exchange(Proxy().question(quick, tools=False), lambda *_: None, seconds=10)
        == 200
    )


def test_a_process_weighs_something() -> None:
    """A process of its own: that of the tests may have a database below it."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            while not processes.cpu(busy.pid).own:
                continue
            assert processes.memory(busy.pid).own > 1
            assert processes.cpu(busy.pid).database == 0
        finally:
            busy.kill()


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([], 50) == 0
    assert percentile([7], 99) == 7
    assert percentile(range(1, 101), 50) == 50
    assert percentile(range(1, 101), 99) == 99
    assert percentile([3, 1, 2], 99) == 3


def test_a_report_compares_medians_and_says_which_bars_are_reached() -> None:
    def outcome(target: str, cpu: float, ok: int = 50) -> Outcome:
        names = (
            "tokens_per_s", "turns_per_s", "cpu_ms_per_1000_tokens_database", "cpu_ms_per_turn",
            "first_token_p50", "first_token_p99", "token_lag_p50", "token_lag_p99", "turn_p50",
            "bytes_per_token", "memory_idle_mb", "memory_peak_mb",
        )  # fmt: skip
        measures = dict.fromkeys(names, 10.0) | {"cpu_ms_per_1000_tokens": cpu}
        errors = {"no end": 50 - ok} if ok < 50 else {}
        return Outcome(target, "S2", ok, 50, errors, measures)

    outcomes = [outcome("proxy", 30.0), *(outcome("folkmoot", cpu) for cpu in (90, 120, 900))]
    lines = list(streaming([*outcomes, outcome("folkmoot", 120.0, ok=49)]))
    assert any("cpu_ms_per_1000_tokens 4.00x" in line for line in lines)
    assert "S2 MISSED  cpu_ms_per_1000_tokens 120 (bar <= 110)" in lines
    assert "S2 reached bytes_per_token 10 (bar <= 150)" in lines
    assert any("| S2 folkmoot | 199/200 |" in line for line in lines)
    assert "S2 folkmoot: 1 x no end" in lines
    assert list(verdicts("S4", {"turns_per_s": 500.0})) == [
        "S4 reached turns_per_s 500 (bar >= 400)"
    ]


def test_samples_are_counted_by_room_without_those_that_wait() -> None:
    frames = {
        "run (/usr/lib/python3.11/asyncio/runners.py:118)": "asyncio",
        "push (/srv/app/src/folkmoot/runs/window.py:9)": "folkmoot/runs",
        "execute (/srv/.venv/lib/python3.11/site-packages/psycopg/cursor.py:3)": "psycopg",
    }
    assert [room(frame) for frame in frames] == list(frames.values())
    waiting, pushing, asking = frames
    samples = f"{waiting} 90\n{waiting};{pushing} 1\n"
    samples += f"{waiting};{pushing};{asking} 1\n{waiting};{asking} 2\n"
    assert list(shares("S2", samples)) == [
        "S2: 4 samples",
        "  own:",
        "     75.0 %  psycopg",
        "     25.0 %  folkmoot/runs",
        "  with what they call:",
        "     50.0 %  runs/window push",
    ]
