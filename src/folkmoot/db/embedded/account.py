"""The operating system's account that PostgreSQL runs as. It refuses to run as root."""

import os
import pwd
import signal
import subprocess  # to run PostgreSQL is what this room is for  # nosec B404
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from folkmoot.db.embedded.errors import EmbeddedPostgresFailed

PREFERRED: Final = ("folkmoot", "postgres", "nobody")
ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C", "MALLOC_TRIM_THRESHOLD_": "1048576"}
"""Nothing of our own environment: PGDATA, PGPORT and their like would change the server.

The C library's threshold for giving memory back grows unless it is set, and each connection would
keep what planning its largest statement took (1 to 4 MB).
"""

ROOT: Final = 0


@dataclass(frozen=True, slots=True)
class Account:
    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        return self.uid == os.geteuid()

    def spawn(
        self, *command: str | Path, output: int | IO[bytes], inherit: tuple[int, ...] = ()
    ) -> subprocess.Popen[bytes]:
        """Start a program as this account, in a session of its own, which no Ctrl-C reaches.

        Args:
            command: The program and its arguments.
            output: Where both its output and its complaints go.
            inherit: Open files that the program keeps.
        """
        other = not self.is_ours
        return subprocess.Popen(  # noqa: S603 - fixed programs, no shell  # nosec B603
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",  # ours may be unreadable for the account
            env=ENVIRONMENT,
            pass_fds=inherit,
            start_new_session=True,
            user=self.uid if other else None,
            group=self.gid if other else None,
            extra_groups=[] if other else None,
        )

    def run(
        self, *command: str | Path, inherit: tuple[int, ...] = (), patience: float = 60
    ) -> tuple[int, str]:
        """Run a program as this account to its end; return its exit status and its output."""
        with self.spawn(*command, output=subprocess.PIPE, inherit=inherit) as process:
            try:
                output, _ = process.communicate(timeout=patience)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # with the children, who share its output
                output, _ = process.communicate()
        return process.returncode, output.decode(errors="replace")

    def may(self, test: str, path: Path) -> bool:
        """Ask the kernel, as the account, whether a path may be used (`-x`, `-r`, `-w`)."""
        return self.is_ours or self.run("/bin/sh", "-c", 'test "$0" "$1"', test, path)[0] == 0


def choose(data: Path) -> Account:
    """Return who runs the server: ourselves, or as root an account without privileges.

    As root an existing cluster is run by its owner. A new one goes to an account that is there
    already: no account is ever created, because a program that merely starts must not change the
    machine's list of users. An account of the name `folkmoot` is taken before all others.
    """
    if os.geteuid() != ROOT:
        return Account(os.geteuid(), os.getegid())
    if data.exists() and data.stat().st_uid != ROOT:
        return Account(data.stat().st_uid, data.stat().st_gid)
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in PREFERRED:
        if name in known:
            return Account(known[name].pw_uid, known[name].pw_gid)
    raise EmbeddedPostgresFailed(
        "PostgreSQL does not run as root, and there is no account without privileges to run it "
        f"as: create one of {', '.join(PREFERRED)}, or start Folkmoot as an ordinary user."
    )
