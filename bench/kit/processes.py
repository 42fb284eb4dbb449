"""Processes under measurement: started and stopped as a user would, weighed from /proc."""

import os
import resource
import signal
import socket
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final, Self

from kit import ending

PROC: Final = Path("/proc")
TICK: Final = 1 / os.sysconf("SC_CLK_TCK")  # seconds
DATABASE: Final = "postgres"
PATIENCE: Final = 60.0  # seconds
POLL: Final = 0.005  # seconds


@dataclass(frozen=True, slots=True)
class Weight:
    """What a process tree has taken, PostgreSQL apart: seconds of CPU, or megabytes."""

    own: float = 0.0
    database: float = 0.0

    @property
    def all(self) -> float:
        return self.own + self.database

    def since(self, before: Self) -> "Weight":
        return Weight(self.own - before.own, self.database - before.database)


def cpu(root: int) -> Weight:
    """Return the seconds of CPU that a process and its descendants have taken, ended ones too."""

    def seconds(pid: int) -> float:
        values = PROC.joinpath(str(pid), "stat").read_text().rpartition(")")[2].split()
        return TICK * sum(map(int, values[11:15]))

    return _weigh(root, seconds)


def memory(root: int) -> Weight:
    """Return the megabytes of a process tree; what processes share is counted once, in parts."""

    def megabytes(pid: int) -> float:
        rollup = PROC.joinpath(str(pid), "smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in rollup if line.startswith("Pss:"))

    return _weigh(root, megabytes)


def free_port() -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def allow_many_connections() -> None:
    """Raise the limit of open files, for this process and those that it starts."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextmanager
def running(
    command: Sequence[str | Path], environment: Mapping[str, str], log: Path
) -> Generator[subprocess.Popen[bytes]]:
    """Run a process; it is stopped, and has ended, afterwards."""
    with ending.orderly():
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                env=environment,
                cwd=log.parent,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            _stop(process)


def until_ready(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> float:
    """Wait until a server answers a request with 200; return how many seconds that took.

    Raises:
        RuntimeError: it ended, or took too long.
    """
    begun = time.monotonic()
    while time.monotonic() < begun + PATIENCE and process.poll() is None:
        if _answers(port, path):
            return time.monotonic() - begun
        time.sleep(POLL)
    raise RuntimeError(f"{process.args!r} did not start:\n{log.read_text(errors='replace')}")


def _answers(port: int, path: str) -> bool:
    """Ask once. A server that listens before it is ready keeps the question until it is."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
            connection.sendall(
                f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n".encode()
            )
            return connection.recv(64).split(b" ")[1:2] == [b"%d" % HTTPStatus.OK]
    except OSError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        for pid in _tree(process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def _weigh(root: int, of: Callable[[int], float]) -> Weight:
    own = database = 0.0
    for pid, name in _tree(root).items():
        try:
            weight = of(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        if name == DATABASE:
            database += weight
        else:
            own += weight
    return Weight(own, database)


def _tree(root: int) -> dict[int, str]:
    """Return a process and its descendants, by id, with their names."""
    names: dict[int, str] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            name, _, rest = entry.joinpath("stat").read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        names[int(entry.name)] = name.partition("(")[2]
        children[int(rest.split()[1])].append(int(entry.name))
    tree: dict[int, str] = {}
    unseen = [root]
    while unseen:
        pid = unseen.pop()
        if pid in names:
            tree[pid] = names[pid]
            unseen += children[pid]
    return tree
