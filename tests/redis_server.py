"""A real Redis on a socket of its own, to be killed, frozen and emptied."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import pytest
import redis

PROGRAM: Final = shutil.which("redis-server")
PASSWORD: Final = "a-password-of-redis"


@dataclass
class RedisServer:
    """A server that keeps nothing on disk."""

    directory: Path
    process: subprocess.Popen[str] | None = None

    @property
    def socket(self) -> str:
        return str(self.directory / "redis")

    def url(self, password: str = PASSWORD) -> str:
        return f"unix://:{password}@{self.socket}"

    def start(self) -> None:
        """Start it, and wait until it can be asked."""
        assert PROGRAM is not None
        options = f"--port 0 --unixsocket {self.socket} --appendonly no --requirepass {PASSWORD}"
        self.process = subprocess.Popen(
            [PROGRAM, *options.split(), "--save", ""],
            cwd=self.directory,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        said: list[str] = []
        for line in self.process.stdout:
            said.append(line)
            if "eady to accept connections" in line:
                return
        raise AssertionError("".join(said))

    def kill(self) -> None:
        """Let it end as if the power had failed."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def freeze(self) -> None:
        """Let it keep its connections, and answer nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def run(self, *command: str) -> Any:
        """Have it do something."""
        with redis.Redis(unix_socket_path=self.socket, password=PASSWORD) as client:
            return cast(Any, client).execute_command(*command)

    def _signal(self, order: signal.Signals) -> None:
        assert self.process is not None
        os.kill(self.process.pid, order)


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Run a Redis; where there is none the test is left out."""
    if PROGRAM is None:
        pytest.skip("redis-server is not installed")
    with tempfile.TemporaryDirectory(prefix="redis-") as directory:
        server = RedisServer(Path(directory))
        server.start()
        try:
            yield server
        finally:
            server.kill()
