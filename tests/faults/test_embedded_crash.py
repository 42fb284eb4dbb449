"""The embedded server under crashes: of itself, of those who use it, and of the disk."""

import os
import resource
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
import pytest

from embedded_processes import OtherProcess, directory, other_process, postmaster_pid
from folkmoot.db.embedded import (
    EmbeddedPostgres,
    EmbeddedPostgresFailed,
    Server,
    binaries,
    supervisor,
)
from folkmoot.db.embedded import postmaster as postmasters
from folkmoot.db.embedded import settings as setup
from folkmoot.db.embedded.account import choose
from folkmoot.db.embedded.waiting import attempts
from folkmoot.kit import clock

READY_SECONDS = 30


@pytest.fixture
def root() -> Iterator[Path]:
    with directory() as path:
        yield path


@pytest.fixture
def postgres(root: Path) -> Iterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(root)
    yield postgres
    postgres.stop()


def eventually(condition: Callable[[], bool]) -> None:
    assert any(condition() for _ in attempts(60))


def ask(server: Server, query: str) -> object:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def kill_everything(root: Path) -> None:
    """As a power cut does, save for what the kernel has not written yet."""
    for pid in postmasters.processes(root / "data"):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    eventually(lambda: not postmasters.processes(root / "data"))


class Writer:
    """Commits one row after the other and remembers which were acknowledged."""

    def __init__(self, server: Server) -> None:
        self.acknowledged: list[int] = []
        self._connection = psycopg.connect(server.dsn(), autocommit=True)
        self._connection.execute("CREATE TABLE rows (number int)")
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def _write(self) -> None:
        with suppress(psycopg.OperationalError):
            for number in range(1_000_000):
                self._connection.execute("INSERT INTO rows VALUES (%s)", (number,))
                self.acknowledged.append(number)

    def wait_for_its_end(self) -> None:
        self._thread.join(30)
        assert not self._thread.is_alive()
        self._connection.close()


def test_no_acknowledged_commit_is_lost_when_the_server_is_killed(
    root: Path, postgres: EmbeddedPostgres
) -> None:
    writer = Writer(postgres.start())
    eventually(lambda: len(writer.acknowledged) > 200)
    os.kill(postmaster_pid(root), signal.SIGKILL)
    began = clock.monotonic()
    server = postgres.ensure()
    assert clock.monotonic() - began < READY_SECONDS
    writer.wait_for_its_end()
    with psycopg.connect(server.dsn()) as connection:
        stored = {row[0] for row in connection.execute("SELECT number FROM rows")}
    assert set(writer.acknowledged) <= stored
    assert not postgres.joined


def test_a_query_that_outlives_its_server_does_not_hold_up_the_next(
    root: Path, postgres: EmbeddedPostgres
) -> None:
    server = postgres.start()
    connection = psycopg.connect(server.dsn(), autocommit=True)
    pid = connection.info.backend_pid

    def count() -> None:
        with suppress(psycopg.OperationalError):
            connection.execute("SELECT count(*) FROM generate_series(1, 10000000000)")

    query = threading.Thread(target=count)
    query.start()
    busy = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid} AND state = 'active'"
    eventually(lambda: ask(server, busy) == 1)
    os.kill(postmaster_pid(root), signal.SIGKILL)
    began = clock.monotonic()
    assert ask(postgres.ensure(), "SELECT 1") == 1
    assert clock.monotonic() - began < READY_SECONDS
    query.join(30)
    connection.close()


def test_a_backend_that_is_killed_does_not_end_the_server(
    root: Path, postgres: EmbeddedPostgres
) -> None:
    server = postgres.start()
    pid = postmaster_pid(root)
    with psycopg.connect(server.dsn()) as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        assert ask(postgres.ensure(), "SELECT 1") == 1
        connection.close()
    assert postmaster_pid(root) == pid


def test_a_server_told_to_stop_from_outside_comes_back_though_clients_stay(
    root: Path, postgres: EmbeddedPostgres
) -> None:
    with psycopg.connect(postgres.start().dsn()) as connection:
        pid = postmaster_pid(root)
        os.kill(pid, signal.SIGTERM)
        eventually(lambda: not postgres.alive())
        assert ask(postgres.ensure(), "SELECT 1") == 1
        assert postmaster_pid(root) != pid
        connection.close()


def test_a_frozen_server_is_not_alive_and_is_again_when_it_thaws(
    root: Path, postgres: EmbeddedPostgres
) -> None:
    postgres.start()
    pid = postmaster_pid(root)
    os.kill(pid, signal.SIGSTOP)
    try:
        began = clock.monotonic()
        assert not postgres.alive()
        assert clock.monotonic() - began < READY_SECONDS
    finally:
        os.kill(pid, signal.SIGCONT)
    assert ask(postgres.ensure(), "SELECT 1") == 1
    assert postmaster_pid(root) == pid


def test_a_server_that_never_answers_is_reported_and_not_joined(
    root: Path, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.start()
    monkeypatch.setattr(supervisor, "START_SECONDS", 0)
    pid = postmaster_pid(root)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(EmbeddedPostgresFailed, match="did not answer within"):
            EmbeddedPostgres(root).start()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert postmaster_pid(root) == pid


def test_a_frozen_server_is_stopped_by_force(
    root: Path, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty = [(order, 0.1) for order, _ in supervisor.STOPPING[:-1]]
    monkeypatch.setattr(supervisor, "STOPPING", (*hasty, (signal.SIGKILL, 10)))
    postgres.start()
    os.kill(postmaster_pid(root), signal.SIGSTOP)
    postgres.stop()
    assert postmasters.processes(root / "data") == []


def test_a_server_that_cannot_be_stopped_is_reported(
    root: Path, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOPPING", ())
    postgres.start()
    with pytest.raises(EmbeddedPostgresFailed, match="does not stop"):
        postgres.stop()
    kill_everything(root)


def test_users_that_miss_the_server_at_once_bring_back_one(root: Path) -> None:
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        others = [stack.enter_context(other_process(root)) for _ in range(3)]
        list(pool.map(OtherProcess.started, others))
        os.kill(postmaster_pid(root), signal.SIGKILL)
        answers = list(pool.map(lambda other: other.order("ensure"), others))
        assert len({str(answer["dsn"]) for answer in answers}) == 1
        assert len({other.order("ensure")["dsn"] for other in others}) == 1
        pid = postmaster_pid(root)
        for other in others[1:]:
            other.order("stop")
        assert postmaster_pid(root) == pid
        others[0].order("stop")
        eventually(lambda: not postmasters.processes(root / "data"))


def test_the_server_survives_whoever_started_it_and_ends_with_the_last(
    root: Path, postgres: EmbeddedPostgres
) -> None:
    with other_process(root) as starter:
        starter.started()
        pid = postmaster_pid(root)
        starter.kill()
    assert ask(postgres.start(), "SELECT 1") == 1
    assert postgres.joined
    assert postmaster_pid(root) == pid
    postgres.stop()
    assert postmasters.processes(root / "data") == []


def test_a_killed_user_is_not_counted(root: Path, postgres: EmbeddedPostgres) -> None:
    postgres.start()
    with other_process(root) as other:
        other.started()
        other.kill()
    postgres.stop()
    assert postmasters.processes(root / "data") == []


def test_after_everything_was_killed_it_starts_with_its_data(
    root: Path, postgres: EmbeddedPostgres
) -> None:
    with other_process(root) as other:
        other.started()
        ask(postgres.start(), "SELECT 1")
        with psycopg.connect(postgres.ensure().dsn()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        other.kill()
        kill_everything(root)
    assert (root / "data" / "postmaster.pid").exists()
    assert ask(postgres.ensure(), "SELECT answer FROM kept") == 42


def test_a_process_id_that_was_given_to_somebody_else_does_not_stop_the_start(
    root: Path, postgres: EmbeddedPostgres
) -> None:
    server = postgres.start()
    kill_everything(root)
    with choose(root / "data").spawn("/bin/sleep", "600", output=subprocess.DEVNULL) as stranger:
        for stale in (
            root / "data" / "postmaster.pid",
            server.socket_dir / f".s.PGSQL.{server.port}.lock",
        ):
            lines = stale.read_text().splitlines()
            stale.write_text("\n".join([str(stranger.pid), *lines[1:], ""]))
        assert ask(postgres.ensure(), "SELECT 1") == 1
        postgres.stop()
        assert stranger.poll() is None
        stranger.kill()


def test_a_server_that_others_started_on_the_data_is_left_alone(
    root: Path, postgres: EmbeddedPostgres
) -> None:
    server = postgres.start()
    postgres.stop()
    program = binaries.installed() / "bin" / "postgres"
    settings = setup.arguments({}, server.socket_dir, root / "log")
    with choose(root / "data").spawn(
        program, "-D", root / "data", *settings, output=subprocess.DEVNULL
    ) as foreign:
        eventually(server.answers)
        orders = shutdown_orders(root)
        with pytest.raises(EmbeddedPostgresFailed, match="did not start"):
            postgres.start()
        assert server.answers()
        assert shutdown_orders(root) == orders
        assert postmaster_pid(root) == foreign.pid
        foreign.send_signal(signal.SIGINT)
    assert ask(postgres.start(), "SELECT 1") == 1


def shutdown_orders(root: Path) -> int:
    logs = (path.read_text() for path in (root / "log").iterdir())
    return sum(log.count("shutdown request") for log in logs)


def test_a_cluster_half_made_when_its_maker_was_killed_is_made_anew(
    root: Path, postgres: EmbeddedPostgres
) -> None:
    with other_process(root) as maker:
        eventually(lambda: any(root.glob("initdb-*/data/base")))
        maker.kill()
    assert not (root / "data").exists()
    assert ask(postgres.start(), "SELECT 1") == 1
    assert list(root.glob("initdb-*")) == []


def test_a_full_disk_while_the_cluster_is_made_leaves_no_half_of_it(
    root: Path, postgres: EmbeddedPostgres
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(EmbeddedPostgresFailed, match="could not make its database") as failure:
            postgres.start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "initdb" in failure.value.log
    assert not (root / "data").exists()
    assert list(root.glob("initdb-*")) == []
    assert ask(postgres.start(), "SELECT 1") == 1
