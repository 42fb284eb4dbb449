"""Folkmoot as a process of its own: for tests that kill, load or browse it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

import prepared
from embedded_processes import room_for_servers
from forking import Forked, Running

API_KEY: Final = "a-key-for-tests-only-0123456789abcdef"
PATIENCE: Final = 60.0
STARTING: Final = 2 * PATIENCE  # from nothing it takes several seconds of a processor


@dataclass
class Deployed:
    """A running server. `directory` holds its data and outlives it, so that it can be restarted.

    It is started as a user starts it, or `forked` with all modules loaded.
    """

    directory: Path
    environment: dict[str, str]
    arguments: tuple[str, ...] = ()
    log_name: str = "server.log"
    url: str = ""
    forked: bool = False
    process: Running | None = None
    headers: dict[str, str] = field(default_factory=lambda: {"X-API-Key": API_KEY})

    @property
    def log(self) -> str:
        """What the process has written so far."""
        path = self.directory / self.log_name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def start(self) -> None:
        """Start the process and wait until it is ready."""
        self.process = self._begun(["up", "--port", "0", *self.arguments])
        self.url = self._announced()

    def kill(self) -> None:
        """Kill the process as the kernel would."""
        self.stop(signal.SIGKILL)

    def stop(self, order: signal.Signals = signal.SIGTERM) -> int:
        """Stop the process; return its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(order)
        code = self.process.wait(PATIENCE)
        self.process = None
        return code

    def end(self) -> None:
        """Stop the process; kill it if it does not stop, as one does that is still starting."""
        try:
            self.stop()
        except (subprocess.TimeoutExpired, TimeoutError):
            self.kill()
            raise

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Ask as the first administrator."""
        return httpx.get(f"{self.url}{path}", headers=self.headers, timeout=60, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """Order as the first administrator."""
        return httpx.post(f"{self.url}{path}", headers=self.headers, timeout=60, **options)

    def _begun(self, arguments: list[str]) -> Running:
        environment = os.environ | self.environment
        log = self.directory / self.log_name
        with log.open("wb") as output:
            if self.forked:
                files = (Path(os.devnull), log, log)
                return Forked(arguments, environment, files, self.directory)
            return subprocess.Popen(
                [sys.executable, "-m", "folkmoot.cli", *arguments],
                env=environment,
                cwd=self.directory,
                stdout=output,
                stderr=output,
            )

    def _announced(self) -> str:
        deadline = time.monotonic() + STARTING
        while time.monotonic() < deadline:
            for line in self.log.splitlines():
                name, _, url = line.strip().partition(" ")
                if name == "Console" and self._ready(url.strip()):
                    return url.strip()
            if self.process is not None and self.process.poll() is not None:
                break
            time.sleep(0.02)  # nothing tells when another process has written to a file
        raise AssertionError(f"The server did not start:\n{self.log}")

    def _ready(self, url: str) -> bool:
        try:
            return httpx.get(f"{url}/health/ready", timeout=20).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


@contextmanager
def deployed(
    environment: Mapping[str, str] | None = None,
    *,
    arguments: tuple[str, ...] = (),
    anew: bool = False,
) -> Iterator[Deployed]:
    """Serve from a fresh directory; everything is gone afterwards.

    Where it begins `anew`, the process and its database are started from nothing, as a user's are.
    """
    with tempfile.TemporaryDirectory(prefix="folkmoot-served-", dir=room_for_servers()) as name:
        directory = Path(name)
        directory.chmod(0o755)
        given = {
            "FOLKMOOT_DATA_DIR": str(directory / "data"),
            "FOLKMOOT_INIT_API_KEY": API_KEY,
            "FOLKMOOT_EMBEDDING_MODEL": "offline:hash",
            "FOLKMOOT_MEMORY__RECALL_MS": "10000",  # a machine that is busy is waited for
            **(environment or {}),
        }
        server = Deployed(directory, given, arguments, forked=not anew)
        if not anew:
            prepared.put(directory / "data" / "postgres")
        try:
            server.start()
            yield server
        finally:
            server.end()


@pytest.fixture(scope="session")
def provider_url() -> Iterator[str]:
    """A fake model provider in a process of its own; without orders it answers with an echo."""
    with subprocess.Popen(
        [sys.executable, "-m", "folkmoot.testing.provider"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture(scope="session")
def environment(provider_url: str) -> dict[str, str]:
    """What a server needs to use the fake provider."""
    return {
        "OPENAI_BASE_URL": f"{provider_url}/v1",
        "OPENAI_API_KEY": "sk-test-0123456789abcdef",
        "FOLKMOOT_DEFAULT_MODEL": "openai:fake",
    }
