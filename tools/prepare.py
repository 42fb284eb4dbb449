"""Makes sure of what `./up` and `./test` need: `.venv` with the locked packages, and the console.

Every start passes here, so this only compares fingerprints, in some milliseconds; `install.py` does
the work when there is some. Runs on the machine's own Python, isolated, with nothing installed.
"""

import fcntl
import hashlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
VENV: Final = ROOT / ".venv"
INSTALLED: Final = VENV / "installed"
BUILT: Final = VENV / "console-built"
GROUPS: Final = ("run", "test")  # the second includes the first
NOT_SOURCES: Final = {"node_modules", "dist", "test-results"}
RETRY_SECONDS: Final = 3600  # how long a console that could not be built is left alone


def main(group: str) -> None:
    """Bring everything up to date for a group."""
    if is_installed(group) and is_console_settled():
        return
    with only_one_at_a_time():
        if not is_installed(group):
            run_installer("packages", group)
        if not is_console_settled():
            run_installer("console")


def run_installer(*arguments: str) -> None:
    """Run `install.py` in a process of its own and end with it if it fails."""
    installer = str(Path(__file__).with_name("install.py"))
    command = [sys.executable, installer, *arguments]
    status = os.spawnv(os.P_WAIT, sys.executable, command)
    if status:
        sys.exit(status)


@contextmanager
def only_one_at_a_time() -> Iterator[None]:
    """Wait while another `./up` or `./test` of this checkout changes `.venv`."""
    with (ROOT / "uv.lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("folkmoot: waiting for another start of this checkout", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fingerprint() -> str:
    """Return what the installed packages depend on; the path is in every script they install."""
    digest = hashlib.sha256(f"{ROOT}\n".encode())
    for name in ("uv.lock", "pyproject.toml", "tools/install.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def is_installed(group: str) -> bool:
    """Tell whether `.venv` holds the group's locked packages."""
    needed = (INSTALLED, VENV / "bin" / "python", VENV / "bin" / "folkmoot")
    if not all(path.is_file() for path in needed):
        return False
    done, mark = INSTALLED.read_text().split()
    return mark == fingerprint() and GROUPS.index(done) >= GROUPS.index(group)


def is_console_settled() -> bool:
    """Tell whether the console is built from these sources, or failed to be not long ago."""
    if not (ROOT / "hatch_build.py").is_file():
        return True
    if not BUILT.is_file():
        return False
    outcome, mark = BUILT.read_text().split()
    settled = outcome == "built" or time.time() - BUILT.stat().st_mtime < RETRY_SECONDS
    return settled and mark == console_fingerprint()


def console_fingerprint() -> str:
    """Return what the built console depends on."""
    digest = hashlib.sha256((ROOT / "hatch_build.py").read_bytes())
    for folder, folders, files in os.walk(ROOT / "console"):
        folders[:] = sorted(set(folders) - NOT_SOURCES)
        for name in sorted(files):
            path = Path(folder, name)
            digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        sys.exit(130)
