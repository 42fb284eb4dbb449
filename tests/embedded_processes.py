"""Other processes that use an embedded server, and directories that a server can live in."""

import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psycopg

from folkmoot.db.embedded import postmaster
from folkmoot.db.embedded.waiting import attempts

ROOM: Final = 2 << 30  # bytes

USER: Final = """
import json, sys
import structlog
from pathlib import Path
from folkmoot.db.embedded import EmbeddedPostgres

structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
postgres = EmbeddedPostgres(Path(sys.argv[1]))

def say(**facts):
    print(json.dumps(facts), flush=True)

server = postgres.start()
say(dsn=server.dsn(), joined=postgres.joined)
for order in sys.stdin:
    if order == "stop\\n":
        postgres.stop()
        say(stopped=True)
    elif order == "ensure\\n":
        say(dsn=postgres.ensure().dsn(), joined=postgres.joined)
"""


class OtherProcess:
    """A process of its own that has started or joined the server of a root."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", USER, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def started(self) -> dict[str, object]:
        """Wait until it uses the server; return how it reaches it and whether it joined."""
        return self._hear()

    def order(self, verb: str) -> dict[str, object]:
        self.send(verb)
        return self._hear()

    def send(self, verb: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{verb}\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, object]:
        return self._hear()

    def leave_without_stopping(self) -> None:
        """Let its standard input end, upon which it exits."""
        self._process.communicate(timeout=60)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=60)

    def _hear(self) -> dict[str, object]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the process ended instead of answering"
        heard: dict[str, object] = json.loads(line)
        return heard


@contextmanager
def other_process(root: Path) -> Iterator[OtherProcess]:
    process = OtherProcess(root)
    try:
        yield process
    finally:
        process.kill()


def room_for_servers() -> Path:
    """Return where servers live: in memory if it has room, where they start and write faster."""
    shared = Path("/dev/shm")
    if os.access(shared, os.W_OK):
        status = os.statvfs(shared)
        if status.f_bavail * status.f_frsize > ROOM and not status.f_flag & os.ST_NOEXEC:
            return shared
    return Path("/tmp")


@contextmanager
def directory() -> Iterator[Path]:
    """A directory that every account may pass through, unlike pytest's own when run as root."""
    root = Path(tempfile.mkdtemp(prefix="folkmoot-test-", dir=room_for_servers()))
    try:
        yield root
    finally:
        end_server(root)
        shutil.rmtree(root)


def end_server(root: Path) -> None:
    """Kill whatever still serves a root, as a test that failed leaves it."""
    for pid in postmaster.processes(root / "data"):
        with suppress(ProcessLookupError):
            os.kill(pid, 9)
    wait_until_gone(root)


def wait_until_gone(root: Path) -> None:
    assert any(not postmaster.processes(root / "data") for _ in attempts(60))


def postmaster_pid(root: Path) -> int:
    found = postmaster.read(root / "data")
    assert found is not None
    return found.pid


def owners(data: Path) -> set[int]:
    """The accounts of a cluster's processes, some of which end between being listed and asked."""
    found = set[int]()
    for pid in postmaster.processes(data):
        with suppress(FileNotFoundError):
            found.add(Path(f"/proc/{pid}").stat().st_uid)
    return found


def nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


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
