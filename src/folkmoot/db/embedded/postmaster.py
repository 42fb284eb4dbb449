"""Read what a server says of itself, and find its processes."""

import subprocess  # `ps`, where there is no /proc  # nosec B404
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
PROGRAM: Final = "postgres"
FIELDS: Final = 8
"""Lines of a complete postmaster.pid: process, directory, start, port, socket directory, address,
shared memory, status."""


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What `postmaster.pid` says. It may be stale: whoever wrote it may be dead."""

    pid: int
    port: int
    socket_dir: Path
    status: str


def read(data: Path) -> Postmaster | None:
    """Return what the cluster's postmaster.pid says, or None if it is missing or half-written."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    if len(lines) < FIELDS or not lines[0].isdigit():
        return None
    return Postmaster(int(lines[0]), int(lines[3]), Path(lines[4]), lines[7].strip())


def is_live(pid: int, data: Path) -> bool:
    """Whether a process is a server of this cluster. Its id alone proves nothing: ids come again.

    Where there is no /proc, any living PostgreSQL of that id counts.
    """
    if PROC.joinpath("self").exists():
        return _serves(PROC / str(pid), data)
    found = subprocess.run(  # noqa: S603 - fixed program, no shell  # nosec B603
        ["/bin/ps", "-o", "stat=,comm=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return PROGRAM in found and not found.startswith("Z")


def processes(data: Path) -> list[int]:
    """Return every process of the cluster; nothing where there is no /proc."""
    entries = PROC.iterdir() if PROC.joinpath("self").exists() else ()
    return [int(each.name) for each in entries if each.name.isdigit() and _serves(each, data)]


def _serves(process: Path, data: Path) -> bool:
    """All processes of a server work in its cluster's directory; a zombie works nowhere."""
    try:
        return (
            process.joinpath("comm").read_text().strip() == PROGRAM
            and process.joinpath("cwd").readlink() == data
        )
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return False
