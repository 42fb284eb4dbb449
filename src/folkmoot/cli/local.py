"""How commands find the server that runs on this machine, and what they show it.

A serving process leaves a note of its address in the data directory and holds a lock on it while
it lives, so that a note of a dead one is never believed: somebody else may listen there by now.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from folkmoot.kit import clock
from folkmoot.kit.ids import new_id

SERVERS: Final = "servers"
CREDENTIAL: Final = "command-line.json"
EARLY: Final = timedelta(minutes=5)
"""A credential is renewed this long before it expires: a command takes its time too."""


@dataclass(frozen=True, slots=True)
class Credential:
    """An API key of the command line's own."""

    key: str = field(repr=False)
    id: str
    expires_at: str

    @property
    def lasts(self) -> bool:
        """Whether it is good for a while yet."""
        return datetime.fromisoformat(self.expires_at) - EARLY > clock.now()


@contextmanager
def announced(data_dir: Path, url: str) -> Generator[None]:
    """Tell commands on this machine where this process serves, for as long as it does."""
    directory = data_dir / SERVERS
    directory.mkdir(mode=0o700, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=directory)
    note = directory / f"{new_id().hex}.json"
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        json.dump({"url": url}, file)
        file.flush()
        Path(name).replace(note)  # seen only now, when it is whole and held
        try:
            yield
        finally:
            note.unlink(missing_ok=True)


def servers(data_dir: Path) -> list[str]:
    """Return where processes on this data directory serve, the newest first."""
    notes = list((data_dir / SERVERS).glob("*.json"))
    living = [note for note in notes if _is_held(note)]
    living.sort(key=lambda note: note.stat().st_mtime_ns, reverse=True)
    return [str(json.loads(note.read_text(encoding="utf-8"))["url"]) for note in living]


def stored(data_dir: Path) -> Credential | None:
    """Return the credential that an earlier command left."""
    try:
        return Credential(**json.loads((data_dir / CREDENTIAL).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):  # none, or one of another version
        return None


def store(data_dir: Path, credential: Credential) -> None:
    """Keep a credential where only this user can read it; whole, or not at all."""
    handle, name = tempfile.mkstemp(dir=data_dir, prefix=f".{CREDENTIAL}-")  # made for us alone
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(credential), file)
    Path(name).replace(data_dir / CREDENTIAL)


def _is_held(note: Path) -> bool:
    try:
        with note.open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    note.unlink(missing_ok=True)
    return False
