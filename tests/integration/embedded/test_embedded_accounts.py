"""The account under which the embedded server runs, and where its data may be."""

import os
import shutil
import signal
import sys
import sysconfig
from pathlib import Path

import pytest

from embedded_processes import (
    ask,
    change,
    directory,
    mode,
    nobody,
    owners,
    postmaster_pid,
)
from folkmoot.db.embedded import (
    EmbeddedPostgres,
    EmbeddedPostgresFailed,
    binaries,
    locks,
)
from folkmoot.db.embedded import account as accounts
from folkmoot.db.embedded import home as homes
from folkmoot.db.embedded.account import Account
from folkmoot.db.embedded.waiting import attempts

SOURCES = Path(__file__).parents[3] / "src"


@pytest.mark.root
def test_root_hands_the_server_to_an_account_without_privileges(
    root: Path, postgres: EmbeddedPostgres
) -> None:
    postgres.start()
    assert owners(root / "data") == {(root / "data").stat().st_uid}
    assert 0 not in owners(root / "data")


@pytest.mark.root
def test_data_stay_with_the_account_that_owns_them(root: Path, postgres: EmbeddedPostgres) -> None:
    change(postgres.start().dsn(), "CREATE TABLE kept AS SELECT 42 AS answer")
    postgres.stop()
    for path in (root / "data", *(root / "data").rglob("*"), root / "run", root / "log"):
        os.chown(path, nobody().pw_uid, nobody().pw_gid, follow_symlinks=False)
    shutil.rmtree(root / "log")
    os.chown(root / "run", nobody().pw_uid, nobody().pw_gid)
    assert ask(postgres.start().dsn(), "SELECT answer FROM kept") == 42
    assert Path(f"/proc/{postmaster_pid(root)}").stat().st_uid == nobody().pw_uid


@pytest.mark.root
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


@pytest.mark.root
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


@pytest.mark.root
def test_data_that_moved_where_the_account_cannot_go_are_not_begun_anew(
    root: Path, postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "moved").mkdir()
    (root / "moved-to").write_text(str(tmp_path / "moved"))
    with pytest.raises(EmbeddedPostgresFailed, match="can enter neither"):
        postgres.start()
    assert (root / "moved-to").read_text() == str(tmp_path / "moved")


@pytest.mark.root
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
import os, sys
from pathlib import Path
root, programs, uid, gid, *sys.path[:0] = sys.argv[1:]
import psycopg
from folkmoot.db.embedded import EmbeddedPostgres, binaries
binaries.installed = lambda: Path(programs)
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(gid))
    os.setuid(int(uid))
postgres = EmbeddedPostgres(Path(root))
for _ in range(2):
    with psycopg.connect(postgres.start().dsn()) as connection:
        print("served by", connection.execute("SHOW server_version").fetchone()[0])
    postgres.stop()
"""
"""Root has read Python's modules when it becomes somebody else, who may be unable to."""


@pytest.fixture
def ordinary(root: Path) -> Account:
    """An ordinary user, who owns the root."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    os.chown(root, nobody().pw_uid, nobody().pw_gid)
    return Account(nobody().pw_uid, nobody().pw_gid)


def test_an_ordinary_user_runs_it_in_place(root: Path, ordinary: Account) -> None:
    with directory() as lent:
        lent.chmod(0o711)
        programs = binaries.usable(binaries.installed(), lent, ordinary)
        packages = (sysconfig.get_path("purelib"), SOURCES)
        script = ("-c", ORDINARY, root, programs, str(ordinary.uid), str(ordinary.gid), *packages)
        ours = Account(os.geteuid(), os.getegid())
        status, said = ours.run(sys.executable, "-I", "-S", *script)
    assert (status, said.count("served by 18")) == (0, 2), said
    assert mode(root) == 0o700
    assert not (root / "bin").exists()
    assert {path.stat().st_uid for path in root.iterdir()} == {ordinary.uid}
    assert any(locks.is_free(root / "life") for _ in attempts(5))
