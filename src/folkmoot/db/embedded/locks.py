"""Locks on files (`flock`), so that nothing has to be guessed from process ids.

The kernel lets go of a lock when its last holder is gone, however it went. A lock belongs to an
open file and to everybody who inherited it: the server's own lock is handed to the postmaster and
from there to each of its children, and is free only when all of them have ended.
"""

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path
from typing import Final

from folkmoot.db.embedded.errors import EmbeddedPostgresFailed
from folkmoot.db.embedded.waiting import attempts

READABLE_BY_US: Final = 0o600


def open_private(path: str | Path, flags: int) -> int:
    """Open or make a file that only we can read. As root, never follow another account's link."""
    return os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, READABLE_BY_US)


@contextlib.contextmanager
def exclusive(path: Path, patience: float) -> Generator[int]:
    """Hold the lock alone; yield the open file. A child that inherits the file keeps the lock.

    Args:
        path: The file to lock; it is created.
        patience: Seconds to wait for whoever holds it.
    """
    handle = open_private(path, os.O_RDWR)
    try:
        if not any(_locked(handle, fcntl.LOCK_EX) for _ in attempts(patience)):
            raise EmbeddedPostgresFailed(f"Another process has held {path} for {patience:.0f} s.")
        yield handle
    finally:
        os.close(handle)


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock alone."""
    handle = open_private(path, os.O_RDWR)
    try:
        return _locked(handle, fcntl.LOCK_SH)
    finally:
        os.close(handle)


class Share:
    """One user's place among the users of a server; given up on `leave` or when it dies."""

    def __init__(self, path: Path) -> None:
        self._handle = open_private(path, os.O_RDWR)
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def leave(self) -> bool:
        """Give the place up; return whether it was the last one.

        Call it while nobody can join: turning a share into a whole lock lets go of it in between.
        """
        try:
            return _locked(self._handle, fcntl.LOCK_EX)
        finally:
            os.close(self._handle)


def _locked(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
