"""The embedded server: starting, sharing and stopping it, and who can reach it."""

import os
import shutil
import signal
import stat
import sys
import sysconfig
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo

from embedded_processes import (
    directory,
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
from folkmoot.db.embedded import account as accounts
from folkmoot.db.embedded import home as homes
from folkmoot.db.embedded import postmaster as postmasters
from folkmoot.db.embedded.account import Account
from folkmoot.db.embedded.waiting import attempts

SOURCES = Path(__file__).parents[2] / "src"

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands a server to an account")


@pytest.fixture
def root() -> Iterator[Path]:
    with directory() as path:
        yield path


@pytest.fixture
def postgres(root: Path) -> Iterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(root)
    yield postgres
    postgres.stop()


def ask(dsn: object, query: str) -> object:
    with psycopg.connect(str(dsn), autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def change(dsn: object, *statements: str) -> None:
    with psycopg.connect(str(dsn), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# Starting


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


@as_root
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


# Accounts


@as_root
def test_root_hands_the_server_to_an_account_without_privileges(
    root: Path, postgres: EmbeddedPostgres
) -> None:
    postgres.start()
    uids = {Path(f"/proc/{pid}").stat().st_uid for pid in postmasters.processes(root / "data")}
    assert uids == {(root / "data").stat().st_uid}
    assert 0 not in uids


@as_root
def test_data_stay_with_the_account_that_owns_them(root: Path, postgres: EmbeddedPostgres) -> None:
    change(postgres.start().dsn(), "CREATE TABLE kept AS SELECT 42 AS answer")
    postgres.stop()
    for path in (root / "data", *(root / "data").rglob("*"), root / "run", root / "log"):
        os.chown(path, nobody().pw_uid, nobody().pw_gid, follow_symlinks=False)
    shutil.rmtree(root / "log")
    os.chown(root / "run", nobody().pw_uid, nobody().pw_gid)
    assert ask(postgres.start().dsn(), "SELECT answer FROM kept") == 42
    assert Path(f"/proc/{postmaster_pid(root)}").stat().st_uid == nobody().pw_uid


@as_root
def test_a_root_that_the_account_cannot_enter_moves_and_is_found_again(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    postgres = EmbeddedPostgres(tmp_path / "postgres")
    try:
        change(postgres.start().dsn(), "CREATE TABLE kept AS SELECT 42 AS answer")
        moved = Path((tmp_path / "postgres" / "moved-to").read_text())
        assert (moved / "data" / "PG_VERSION").exists()
        assert not (tmp_path / "postgres" / "data").exists()
        postgres.stop()
        again = EmbeddedPostgres(tmp_path / "postgres")
        assert ask(again.start().dsn(), "SELECT answer FROM kept") == 42
        again.stop()
        assert mode(tmp_path) == 0o700
    finally:
        postgres.stop()
    shutil.rmtree(moved)
    with pytest.raises(EmbeddedPostgresFailed, match="which is missing"):
        postgres.start()


@as_root
def test_programs_that_the_account_cannot_run_are_copied_once(root: Path) -> None:
    installed = binaries.installed()
    hidden = root / "hidden" / binaries.PACKAGE
    shutil.copytree(installed, hidden / installed.name, symlinks=True, ignore=binaries.NEEDLESS)
    for libraries in binaries.LIBRARIES:
        if (installed.parent / libraries).exists():
            shutil.copytree(installed.parent / libraries, hidden / libraries)
    (root / "hidden").chmod(0o700)
    root.chmod(0o711)
    account = Account(nobody().pw_uid, nobody().pw_gid)
    usable = binaries.usable(hidden / installed.name, root / "bin", account)
    assert usable.is_relative_to(root / "bin")
    assert account.run(usable / "bin" / "postgres", "--version")[0] == 0
    assert account.may("-r", usable / "lib" / "postgresql" / "vector.so")
    made = usable.stat().st_ctime_ns
    assert binaries.usable(hidden / installed.name, root / "bin", account) == usable
    assert usable.stat().st_ctime_ns == made
    assert [path.name for path in (root / "bin").iterdir()] == [usable.parents[1].name]


@as_root
def test_data_that_moved_where_the_account_cannot_go_are_not_begun_anew(
    root: Path, postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "moved").mkdir()
    (root / "moved-to").write_text(str(tmp_path / "moved"))
    with pytest.raises(EmbeddedPostgresFailed, match="can enter neither"):
        postgres.start()
    assert (root / "moved-to").read_text() == str(tmp_path / "moved")


@as_root
def test_root_without_any_account_to_turn_to_is_told_so(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "PREFERRED", ())
    with pytest.raises(EmbeddedPostgresFailed, match="does not run as root"):
        accounts.choose(root / "data")


def test_an_ordinary_user_is_the_account_and_stays_at_home(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    home = homes.settle(root)
    assert (home.path, home.account.uid) == (root, 12345)
    assert mode(root) == 0o700


def test_a_program_that_hangs_is_ended_with_its_children() -> None:
    account = Account(os.geteuid(), os.getegid())
    status, output = account.run("/bin/sh", "-c", "echo begun; sleep 600; :", patience=0.2)
    assert (status, output) == (-signal.SIGKILL, "begun\n")


ORDINARY = """
import sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
import psycopg
from folkmoot.db.embedded import EmbeddedPostgres
postgres = EmbeddedPostgres(Path(sys.argv[1]))
for _ in range(2):
    with psycopg.connect(postgres.start().dsn()) as connection:
        print("served by", connection.execute("SHOW server_version").fetchone()[0])
    postgres.stop()
"""


def interpreter_for(account: Account) -> tuple[str, ...]:
    """Return a Python that the account can run with our packages, or skip the test."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = (sysconfig.get_path("purelib"), str(SOURCES))
    probe = "import sys; sys.path[:0] = sys.argv[1:]; import psycopg, folkmoot.db.embedded"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        runs = account.may("-x", Path(python))
        if runs and account.run(python, "-c", probe, *packages)[0] == 0:
            return (python, *packages)
    pytest.skip(f"an ordinary user can run no {version} with the installed packages here")


def test_an_ordinary_user_runs_it_in_place(root: Path) -> None:
    account = Account(os.geteuid(), os.getegid())
    if account.uid == 0:
        account = Account(nobody().pw_uid, nobody().pw_gid)
        os.chown(root, account.uid, account.gid)
    python, *packages = interpreter_for(account)
    status, said = account.run(python, "-c", ORDINARY, root, *packages)
    assert (status, said.count("served by 18")) == (0, 2), said
    assert mode(root) == 0o700
    assert not (root / "bin").exists()
    assert {path.stat().st_uid for path in root.iterdir()} == {account.uid}
    assert any(locks.is_free(root / "life") for _ in attempts(5))
