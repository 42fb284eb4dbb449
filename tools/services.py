"""Programs that some tests need and that pip cannot install."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Service:
    """A program and the Debian package that brings it; another one may stand in for it."""

    program: str
    package: str
    needed_for: str
    stand_in: str = ""

    def found(self) -> str | None:
        """Return the path of what there is, the program itself before its stand-in."""
        return shutil.which(self.program) or shutil.which(self.stand_in)


# The same engine without windows: a context of its own takes a fifth of what a profile takes.
BROWSER: Final = Service(
    "chromium-headless-shell",
    "chromium-headless-shell",
    "the tests of the console in a browser",
    stand_in="chromium",
)
SERVICES: Final = (
    BROWSER,
    Service("curl", "curl", "the tests of the examples"),
    Service("redis-server", "redis-server", "the tests of rate limits in Redis"),
)


def missing() -> list[Service]:
    """Install what is missing, where this machine lets us, and return what still is."""
    wanted = [service for service in SERVICES if shutil.which(service.program) is None]
    if wanted and os.geteuid() == 0 and shutil.which("apt-get"):
        _install([service.package for service in wanted])
    return [service for service in wanted if service.found() is None]


def _install(packages: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "--option", "Acquire::http::Timeout=10"]
    install = [*apt, "install", "--yes", "--no-remove", "--no-install-recommends", *packages]
    for command in ([*apt, "update"], install):
        subprocess.run(command, env=environment, check=False, capture_output=True)
