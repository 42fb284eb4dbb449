"""The embedded server: starting, sharing and stopping it, and who can reach it."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo

from embedded_processes import (
    ask,
    change,
    mode,
    nobody,
    other_process,
    postmaster_pid,
    wait_until_gone,
)
from folkmoot.db.embedded import (
    EmbeddedPostgres,
    EmbeddedPostgresFailed,
    Server,
    binaries,
    journal,
    locks,
)
from folkmoot.db.embedded import home as homes
from folkmoot.db.embedded import postmaster as postmasters

# Starting


@pytest.mark.core
def test_an_empty_directory_becomes_a_server_with_vectors(postgres: EmbeddedPostgres) -> None:
    dsn = postgres.start().dsn()
    change(dsn, "CREATE EXTENSION vector")
    assert ask(dsn, "SELECT '[1,2]'::vector <-> '[1,3]'") == 1.0
    assert str(ask(dsn, "SHOW server_version")).startswith(str(binaries.MAJOR))
    assert not postgres.joined


def test_what_was_stored_is_there_after_a_restart(postgres: EmbeddedPostgres) -> None:
    change(postgres.start().dsn(), "CREATE TABLE kept AS SELECT 42 AS answer")
    postgres.stop()
    assert ask(postgres.start().dsn(), "SELECT answer FROM kept") == 42


def test_text_search_knows_letters_from_punctuation(postgres: EmbeddedPostgres) -> None:
    words = ask(postgres.start().dsn(), "SELECT to_tsvector('simple', '“Größe” «l-Été» Ελλάδα')")
    assert words == "'größe':1 'l':3 'l-été':2 'été':4 'ελλάδα':5"


def test_the_caller_may_change_settings_but_not_open_the_network(root: Path) -> None:
    postgres = EmbeddedPostgres(root, settings={"fsync": "off", "listen_addresses": "*"})
    try:
        dsn = postgres.start().dsn()
        assert ask(dsn, "SHOW fsync") == "off"
        assert ask(dsn, "SHOW listen_addresses") == ""
    finally:
        postgres.stop()


def test_a_setting_that_postgresql_refuses_is_reported_with_its_words(root: Path) -> None:
    with pytest.raises(EmbeddedPostgresFailed, match="PostgreSQL did not start") as failure:
        EmbeddedPostgres(root, settings={"shared_buffers": "plenty"}).start()
    assert "shared_buffers" in failure.value.log
    assert failure.value.code == "embedded_postgres_failed"
    assert str(root) not in failure.value.detail
    assert postmasters.processes(root / "data") == []


def test_a_failed_start_does_not_spoil_the_next(root: Path, postgres: EmbeddedPostgres) -> None:
    with pytest.raises(EmbeddedPostgresFailed):
        EmbeddedPostgres(root, settings={"no_such_setting": "1"}).start()
    assert ask(postgres.start().dsn(), "SELECT 1") == 1


def test_starting_twice_changes_nothing(root: Path, postgres: EmbeddedPostgres) -> None:
    first = postgres.start()
    pid = postmaster_pid(root)
    assert postgres.start() == first
    assert postmaster_pid(root) == pid
    assert not postgres.joined


def test_data_of_another_major_version_are_left_alone(root: Path) -> None:
    data = root / "data"
    data.mkdir(mode=0o700)
    (data / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedPostgresFailed, match="made by PostgreSQL 16"):
        EmbeddedPostgres(root).start()
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_a_lost_password_is_named_as_such(root: Path, postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postgres.stop()
    (root / "password").unlink()
    with pytest.raises(EmbeddedPostgresFailed, match="password of the database"):
        postgres.start()
    assert postmasters.processes(root / "data") == []


def test_a_root_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(EmbeddedPostgresFailed, match="Not a directory"):
        EmbeddedPostgres(tmp_path / "file" / "root").start()


def test_a_machine_without_the_programs_is_told_what_to_do(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "PACKAGE", "no_such_package")
    with pytest.raises(EmbeddedPostgresFailed, match="FOLKMOOT_DATABASE_URL"):
        postgres.start()


def test_one_who_holds_a_lock_too_long_is_named(root: Path) -> None:
    with (
        locks.exclusive(root / "lock", 1),
        pytest.raises(EmbeddedPostgresFailed, match="Another process has held"),
        locks.exclusive(root / "lock", 0.02),
    ):
        pytest.fail("two held one lock")


def test_a_server_that_never_ran_has_an_empty_log(root: Path) -> None:
    assert journal.tail(homes.settle(root)) == ""


# Reaching it


def test_only_the_password_opens_it(postgres: EmbeddedPostgres) -> None:
    server = postgres.start()
    for wrong in ("guess", ""):
        with pytest.raises(psycopg.OperationalError, match=r"password"):
            psycopg.connect(server.dsn(password=wrong))
    assert ask(server.dsn(), "SHOW password_encryption") == "scram-sha-256"


def test_nobody_else_can_read_its_files(root: Path, postgres: EmbeddedPostgres) -> None:
    server = postgres.start()
    assert mode(root / "password") == 0o600
    private = (root / "data", root / "log", server.socket_dir)
    assert [mode(path) for path in private] == [0o700] * 3
    assert mode(server.socket_dir / f".s.PGSQL.{server.port}") == 0o700
    owners = {path.stat().st_uid for path in private}
    assert 0 not in owners
    assert len(owners) == 1


def test_odd_names_and_passwords_survive_the_connection_string() -> None:
    server = Server(Path("/odd dir/o'clock"), 5432, "postgres", "secret")
    dsn = server.dsn(user="a b", password="it's \\ = odd", database="d'b")
    assert conninfo.conninfo_to_dict(dsn) == {
        "host": "/odd dir/o'clock",
        "port": "5432",
        "user": "a b",
        "password": "it's \\ = odd",
        "dbname": "d'b",
    }


def test_the_superusers_password_is_not_shown_or_lent() -> None:
    server = Server(Path("/run"), 5432, "postgres", "secret")
    assert "secret" not in repr(server)
    assert "secret" not in server.dsn(user="app")
    assert "secret" in server.dsn()


def test_a_long_path_gets_a_short_private_socket_directory(root: Path) -> None:
    long = root / ("long" * 30)
    root.chmod(0o711)
    postgres = EmbeddedPostgres(long)
    try:
        server = postgres.start()
        assert ask(server.dsn(), "SELECT 1") == 1
        assert not server.socket_dir.is_relative_to(long)
        assert mode(server.socket_dir) == 0o700
        with other_process(long) as other:
            assert other.started() == {"dsn": server.dsn(), "joined": True}
            other.order("stop")
    finally:
        postgres.stop()
        server.socket_dir.rmdir()


@pytest.mark.root
def test_a_socket_directory_made_by_somebody_else_is_refused(root: Path) -> None:
    long = root / ("long" * 30)
    root.chmod(0o711)
    postgres = EmbeddedPostgres(long)
    sockets = postgres.start().socket_dir
    postgres.stop()
    try:
        os.chown(sockets, nobody().pw_uid + 1, nobody().pw_gid)
        with pytest.raises(EmbeddedPostgresFailed, match="belongs to somebody else"):
            postgres.start()
    finally:
        sockets.rmdir()


def test_a_failing_statement_leaves_nothing_of_its_data_in_the_log(
    root: Path, postgres: EmbeddedPostgres
) -> None:
    dsn = postgres.start().dsn()
    change(dsn, "CREATE TABLE people (email text PRIMARY KEY)")
    row = "INSERT INTO people VALUES ('ada@example.org')"
    change(dsn, row)
    for wrong in (row, "SELECT 'ada@example.org'::int", "SELECT ada_example_org"):
        with pytest.raises(psycopg.Error):
            change(dsn, wrong)
    postgres.stop()
    logs = "".join(path.read_text() for path in (root / "log").iterdir())
    assert "ready to accept connections" in logs
    assert "ada" not in logs


def test_old_logs_go(root: Path, postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postgres.stop()
    for day in range(1, 20):
        (root / "log" / f"postgresql-202001{day:02}-000000.log").write_text("old")
    postgres.start()
    postgres.stop()
    kept = sorted(path.name for path in (root / "log").iterdir())
    assert len(kept) in {7, 8}
    assert kept[0] > "postgresql-20200113"


# Sharing


def test_another_process_joins_and_keeps_the_server_when_the_first_stops(
    root: Path, postgres: EmbeddedPostgres
) -> None:
    dsn = postgres.start().dsn()
    pid = postmaster_pid(root)
    with other_process(root) as other:
        assert other.started() == {"dsn": dsn, "joined": True}
        postgres.stop()
        assert ask(dsn, "SELECT 1") == 1
        assert postmaster_pid(root) == pid
        other.order("stop")
        wait_until_gone(root)


def test_one_that_leaves_does_not_stop_the_server_of_those_who_stay(
    root: Path, postgres: EmbeddedPostgres
) -> None:
    dsn = postgres.start().dsn()
    with other_process(root) as other:
        other.started()
        other.order("stop")
    assert ask(dsn, "SELECT 1") == 1


def test_two_holds_in_one_process_count_as_two(root: Path, postgres: EmbeddedPostgres) -> None:
    dsn = postgres.start().dsn()
    second = EmbeddedPostgres(root)
    second.start()
    assert second.joined
    second.stop()
    assert ask(dsn, "SELECT 1") == 1


def test_of_four_that_start_at_once_one_starts_and_three_join(root: Path) -> None:
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        others = [stack.enter_context(other_process(root)) for _ in range(4)]
        answers = list(pool.map(lambda other: other.started(), others))
        assert sorted(str(answer["joined"]) for answer in answers) == ["False"] + ["True"] * 3
        assert len({str(answer["dsn"]) for answer in answers}) == 1
        for other in others:
            assert other.order("stop") == {"stopped": True}
        wait_until_gone(root)


def test_threads_that_start_it_at_once_share_one(root: Path, postgres: EmbeddedPostgres) -> None:
    with ThreadPoolExecutor(4) as pool:
        servers = list(pool.map(lambda _: postgres.start(), range(4)))
    assert len(set(servers)) == 1
    postgres.stop()
    wait_until_gone(root)


# Stopping


def test_stopping_twice_is_stopping_once_and_leaves_nothing(root: Path) -> None:
    postgres = EmbeddedPostgres(root)
    postgres.stop()
    postgres.start()
    pid = postmaster_pid(root)
    postgres.stop()
    postgres.stop()
    assert postmasters.processes(root / "data") == []
    assert locks.is_free(root / "life")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_server_stops_while_a_client_sits_in_a_transaction(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.start().dsn()) as connection:
        connection.execute("SELECT 1")
        postgres.stop()
        assert not postgres.alive()
        connection.close()


def test_a_process_that_exits_without_stopping_leaves_no_server(root: Path) -> None:
    with other_process(root) as other:
        other.started()
        assert postmasters.processes(root / "data")
        other.leave_without_stopping()
    wait_until_gone(root)


# Python 3.12 and later warn of a fork beside threads; that hazard is what this test is about.
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_cannot_stop_its_parents_server(postgres: EmbeddedPostgres) -> None:
    server = postgres.start()
    child = os.fork()
    if child == 0:
        postgres.stop()
        os._exit(0)
    assert os.waitpid(child, 0) == (child, 0)
    assert ask(server.dsn(), "SELECT 1") == 1


def test_a_server_that_was_stopped_is_not_brought_back(
    root: Path, postgres: EmbeddedPostgres
) -> None:
    server = postgres.start()
    assert postgres.alive()
    assert postgres.ensure() is server
    postgres.stop()
    with pytest.raises(EmbeddedPostgresFailed, match="not in use"):
        postgres.ensure()
    assert not postgres.alive()


def test_without_proc_processes_are_told_apart_by_ps(
    root: Path, postgres: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.start()
    pid = postmaster_pid(root)
    monkeypatch.setattr(postmasters, "PROC", tmp_path)
    assert postmasters.is_live(pid, root / "data")
    assert not postmasters.is_live(os.getpid(), root / "data")
    assert postmasters.processes(root / "data") == []
    postgres.stop()
    assert not postmasters.is_live(pid, root / "data")
