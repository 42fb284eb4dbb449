"""Commands in processes that are forked with all modules loaded, which takes others two seconds."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing import forkserver
from pathlib import Path
from typing import Final, Protocol

from folkmoot.cli import app
from folkmoot.cli.commands import COMMANDS

APPEND: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND
FORKS: Final = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["warmed", *(f"folkmoot.cli.{place.partition(':')[0]}" for place, _ in COMMANDS.values())]
)


@cache
def begin() -> None:
    """Start the process that all others are forked from; it has to find what it loads.

    Whoever is forked after this uses it, too, though it is no child of theirs to be waited for.
    """
    usual = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *filter(None, [usual])])
    try:
        forkserver.ensure_running()
    finally:
        del os.environ["PYTHONPATH"]
        os.environ.update({} if usual is None else {"PYTHONPATH": usual})
    vars(vars(forkserver)["_forkserver"])["ensure_running"] = lambda: None


class Running(Protocol):
    """What tests want of a process, whoever has started it."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def send_signal(self, sig: int, /) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


def act(
    arguments: list[str], environment: Mapping[str, str], files: Sequence[Path], folder: Path
) -> None:
    """Be the command: in a process of its own, in a folder, with these files as its streams."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, (file, mode) in enumerate(zip(files, (os.O_RDONLY, APPEND, APPEND), strict=True)):
        os.dup2(os.open(file, mode, 0o600), number)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, encoding="utf-8") for number, mode in enumerate("rww")
    )
    app(arguments, prog_name="folkmoot")


class Forked:
    """A command at work."""

    def __init__(
        self,
        arguments: list[str],
        environment: Mapping[str, str],
        files: Sequence[Path],
        folder: Path,
    ) -> None:
        begin()
        parts = (arguments, environment, files, folder)
        self._process = FORKS.Process(target=act, args=parts)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return its exit code, if it has ended."""
        return self._process.exitcode

    def send_signal(self, sig: int, /) -> None:
        """Send it a signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code once it has ended; kill it if that takes too long."""
        self._process.join(timeout)
        if (code := self.poll()) is None:
            self.send_signal(signal.SIGKILL)
            self._process.join()
            raise TimeoutError
        return code
