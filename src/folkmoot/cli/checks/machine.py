"""Checks of this machine: Python, disk, data directory, port, console."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from folkmoot.cli import local
from folkmoot.cli.checks.finding import Finding, failed, good, warning
from folkmoot.faces.console.assets import PAGE, STATIC
from folkmoot.http.server import listen
from folkmoot.settings.deployment import Deployment

OLDEST: Final = (3, 11)
TOO_NEW: Final = (3, 15)
GIGABYTE: Final = 1024**3
LEAST_SPACE: Final = 0.25
SCARCE_SPACE: Final = 2.0
"""Gigabytes. The embedded database alone wants a tenth of one, and its log up to one more."""


def python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Check that this Python is one that Folkmoot is made for."""
    name = f"Python {'.'.join(map(str, version))}"
    if OLDEST <= version < TOO_NEW:
        return good("python", name)
    return failed("python", f"{name} is not supported.", "Use Python 3.11, 3.12, 3.13 or 3.14.")


def data_directory(directory: Path) -> Finding:
    """Check that data can be kept where they are to be kept."""
    place = _existing(directory)
    if not place.is_dir():
        remedy = "Name another directory in FOLKMOOT_DATA_DIR or with --data-dir."
        return failed("data directory", f"{place} is not a directory.", remedy)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        remedy = f"Let this user (id {os.geteuid()}) write there, or name another directory."
        return failed("data directory", f"{place} cannot be written: {error.strerror}.", remedy)
    made = "" if place == directory else " (made at the first start)"
    return good("data directory", f"{directory}{made}")


def disk_space(directory: Path) -> Finding:
    """Check that the data have room to grow."""
    free = shutil.disk_usage(_existing(directory)).free / GIGABYTE
    detail = f"{free:.1f} GB free for {directory}"
    remedy = "Make room, or move the data to a larger disk."
    if free < LEAST_SPACE:
        return failed("disk space", detail, remedy)
    if free < SCARCE_SPACE:
        return warning("disk space", detail, remedy)
    return good("disk space", detail)


def port(deployment: Deployment, directory: Path) -> Finding:
    """Check that the port is free, or that it is Folkmoot that has it."""
    place = f"{deployment.host}:{deployment.port}"
    if deployment.port == 0:
        return good("port", "Any free one.")
    if any(url.endswith(f":{deployment.port}") for url in local.servers(directory)):
        return good("port", f"Folkmoot is serving on {place} now.")
    try:
        listen(deployment.host, deployment.port).close()
    except OSError as error:
        remedy = "Stop what uses it, or choose another: --port, FOLKMOOT_PORT; 0 takes a free one."
        return failed("port", f"Cannot listen on {place}: {error.strerror}.", remedy)
    return good("port", f"{place} is free.")


def console(static: Path = STATIC) -> Finding:
    """Check that the web console has been built."""
    if (static / PAGE).is_file():
        return good("console", "The web console is built.")
    remedy = "`./up` builds it where it finds npm or can fetch node; the API works without it."
    return warning("console", "The web console is not built.", remedy)


def _existing(directory: Path) -> Path:
    """Return the directory, or the nearest above it that is there."""
    place = directory.absolute()
    while not place.exists():
        place = place.parent
    return place
