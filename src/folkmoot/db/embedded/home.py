"""The directories of one embedded server, and where they may lie."""

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from folkmoot.db.embedded import account as accounts
from folkmoot.db.embedded.account import Account
from folkmoot.db.embedded.errors import EmbeddedPostgresFailed

SYSTEM: Final = Path("/var/lib/folkmoot")
PORT: Final = 5432
SOCKET: Final = f".s.PGSQL.{PORT}"
SOCKET_BYTES: Final = 103
"""What fits into a socket's address on every system: 107 bytes on Linux, 103 on macOS."""

PASS_THROUGH: Final = 0o711

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Home:
    """Where a server lives. What the account owns is private to it; the rest is ours."""

    path: Path
    account: Account

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def copies(self) -> Path:
        return self.path / "bin"

    @property
    def password(self) -> Path:
        return self.path / "password"

    @property
    def log(self) -> Path:
        return self.path / "log"

    @property
    def start_log(self) -> Path:
        return self.path / "start.log"

    def socket_dir(self) -> Path:
        """Return the directory of the socket: a short one of this home's own if ours is long."""
        usual = self.path / "run"
        if len(os.fsencode(usual / SOCKET)) > SOCKET_BYTES:
            digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
            usual = Path(tempfile.gettempdir()) / f"folkmoot-{digest}"
        return self.private(usual)

    def private(self, path: Path) -> Path:
        """Make a directory that only the account can enter; refuse one of anybody else."""
        path.mkdir(mode=stat.S_IRWXU, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {self.account.uid, os.geteuid()}:
            raise EmbeddedPostgresFailed(f"{path} belongs to somebody else.")
        self.give(path)
        return path

    def give(self, path: Path) -> None:
        """Hand a path to the account."""
        if not self.account.is_ours:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)


def settle(root: Path) -> Home:
    """Return where the server of this root lives: there, or as root where its account can go.

    The permissions of directories above the root are never changed. If they shut the account out,
    the server moves to the system's directory for such things (or, from a temporary directory, to
    another one), and the file `moved-to` in the root says where.
    """
    pointer = root / "moved-to"
    path = Path(pointer.read_text()) if pointer.exists() else root
    if not path.is_dir():
        raise EmbeddedPostgresFailed(
            f"{pointer} says that the data are in {path}, which is missing. Bring it back, or "
            "remove that file to begin with an empty database."
        )
    account = accounts.choose(path / "data")
    if account.is_ours:
        return Home(path, account)
    path.chmod(stat.S_IMODE(path.stat().st_mode) | PASS_THROUGH)
    if not account.may("-x", path):
        path = _move(root, pointer, account)
    return Home(path, account)


def _move(root: Path, pointer: Path, account: Account) -> Path:
    temporary = Path(tempfile.gettempdir()).resolve()
    base = temporary if root.is_relative_to(temporary) else SYSTEM
    base.mkdir(mode=0o755, parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix=f"folkmoot-{root.name}-", dir=base))
    path.chmod(PASS_THROUGH)
    if pointer.exists() or not account.may("-x", path):
        path.rmdir()
        raise EmbeddedPostgresFailed(
            f"The account with the id {account.uid}, which runs PostgreSQL, can enter neither "
            f"{root} nor {base}. Choose another data directory."
        )
    write(pointer, str(path))
    log.warning("embedded_postgres.moved", root=str(root), to=str(path), account=account.uid)
    return path


def write(path: Path, text: str) -> None:
    """Write a file that only we can read, whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(handle)
    Path(name).replace(path)
