"""Benchmarks leave nothing behind, however they end."""

import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo

BENCH = Path(__file__).parents[3] / "bench"
BENCHMARK = """
import asyncio
import uvloop
from kit import scratch
async def measure():
    print("measuring", flush=True)
    await asyncio.sleep(600)
with scratch.server() as address:
    print(address, flush=True)
    uvloop.run(measure())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_benchmark_that_is_interrupted_stops_its_database(number: signal.Signals) -> None:
    command = [sys.executable, "-c", BENCHMARK]
    with subprocess.Popen(
        command, cwd=BENCH, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as benchmark:
        assert benchmark.stdout is not None
        lines = iter(benchmark.stdout.readline, "")
        address = next(line.strip() for line in lines if "host=" in line or "://" in line)
        assert next(lines).strip() == "measuring"
        with psycopg.connect(address) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        benchmark.send_signal(number)
        rest = benchmark.stdout.read()
    assert benchmark.returncode == 128 + number, rest
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(address)
    directory = conninfo.conninfo_to_dict(address)["host"]
    assert not Path(str(directory)).exists()
