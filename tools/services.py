"""Programs that some tests need and that pip cannot install."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Service:
    """A program and the Debian package that brings it."""

    program: str
    package: str
    needed_for: str


SERVICES: Final = (
    Service("chromium", "chromium", "the tests of the console in a browser"),
    Service("curl", "curl", "the tests of the examples"),
    Service("redis-server", "redis-server", "the tests of rate limits in Redis"),
)


def missing() -> list[Service]:
    """Install what is missing, where this machine lets us, and return what still is."""
    wanted = [service for service in SERVICES if shutil.which(service.program) is None]
    if wanted and os.geteuid() == 0 and shutil.which("apt-get"):
        _install([service.package for service in wanted])
    return [service for service in wanted if shutil.which(service.program) is None]


def _install(packages: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    for command in (["apt-get", "update"], install):
        subprocess.run(command, env=environment, check=False, capture_output=True)
