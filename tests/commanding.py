"""The command line as its users have it: a process of its own, on a server that runs."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from forking import Forked

COMMAND: Final = (sys.executable, "-m", "folkmoot.cli")
PATIENCE: Final = 60.0

# What a shell runs in the background ignores interrupts, and so would all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed as JSON."""
        assert self.code in {0, 1}, self.err
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """What it printed as a line of JSON each."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Shell:
    """Runs commands with an environment of its own, beside the tests' own."""

    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    def __call__(self, *arguments: str | Path, given: str = "", **changes: str) -> Ended:
        """Run a command to its end; `given` is piped in."""
        with tempfile.TemporaryDirectory() as name:
            files = [Path(name) / stream for stream in ("in", "out", "err")]
            files[0].write_text(given, encoding="utf-8")
            environment = self._environment(changes)
            process = Forked(list(map(str, arguments)), environment, files, Path.cwd())
            try:
                code = process.wait(PATIENCE)
            except TimeoutError:
                raise AssertionError(f"{arguments} does not end: {files[1].read_text()}") from None
            out, err = (file.read_text(encoding="utf-8") for file in files[1:])
            return Ended(code, out, err)

    def begin(self, *arguments: str | Path, **changes: str) -> "Begun":
        """Start a command whose output is read while it runs."""
        return Begun(
            [*COMMAND, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment(changes),
        )

    def terminal(self, *arguments: str | Path) -> "Terminal":
        """Start a command at a terminal."""
        return Terminal([*COMMAND, *map(str, arguments)], self._environment({"TERM": "xterm"}))

    def _environment(self, changes: Mapping[str, str]) -> dict[str, str]:
        own = {
            name: value for name, value in os.environ.items() if not name.startswith("FOLKMOOT_")
        }
        return own | dict(self.environment) | dict(changes)


class Begun(subprocess.Popen[bytes]):
    """A command at work; as a context manager waited for, but not by a test that has failed."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self.kill()
        super().__exit__(kind, error, trace)


class Terminal:
    """A command at a terminal, and somebody who types. Use as a context manager."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self.seen = ""
        self._here, there = pty.openpty()
        self._process = subprocess.Popen(
            command,
            stdin=there,
            stdout=there,
            stderr=there,
            env=environment,
            start_new_session=True,
        )
        os.close(there)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._here)

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self._here, text.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def until(self, text: str, times: int = 1) -> None:
        """Wait until something stands on the screen."""
        self._wait(lambda: self.seen.count(text) >= times, f"{text!r} does not appear")

    def ended(self) -> int:
        """Wait until the command has ended; return its exit code."""
        self._wait(lambda: self._process.poll() is not None, "it does not end")
        return self._process.wait()

    def _wait(self, condition: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"{otherwise}: {self.seen}"
            ready, _, _ = select.select([self._here], [], [], 0.05)
            if ready:
                self._read()

    def _read(self) -> None:
        try:
            self.seen += os.read(self._here, 65536).decode(errors="replace")
        except OSError:  # the last one at the other end has left
            self._process.wait(PATIENCE)
